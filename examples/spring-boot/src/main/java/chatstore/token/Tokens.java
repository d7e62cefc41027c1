package chatstore.token;

import chatstore.Settings;
import io.jsonwebtoken.Claims;
import io.jsonwebtoken.ExpiredJwtException;
import io.jsonwebtoken.JwtException;
import io.jsonwebtoken.JwtParser;
import io.jsonwebtoken.Jwts;
import io.jsonwebtoken.io.Decoders;
import io.jsonwebtoken.security.Keys;
import jakarta.servlet.http.HttpServletRequest;
import java.time.Clock;
import java.util.Date;
import java.util.Map;
import java.util.UUID;
import javax.crypto.SecretKey;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Issues and checks the tokens of users: JWTs signed with HS256, whose claim {@code member.memUUID} is the user's id. */
@Component
public class Tokens {
  private static final String BEARER = "Bearer ";

  private final SecretKey key;
  private final JwtParser parser;
  private final Settings settings;
  private final Clock clock;

  Tokens(Settings settings, Clock clock) {
    this.settings = settings;
    this.clock = clock;
    key = key(settings.secret());
    parser = Jwts.parser().verifyWith(key).clock(() -> Date.from(clock.instant())).build();
  }

  /** A new token of this kind, as the value of its header. */
  String issue(Kind kind, String user) {
    var life = kind == Kind.ACCESS ? settings.accessLife() : settings.refreshLife();
    var now = clock.instant();
    var token =
        Jwts.builder()
            .claim("category", kind.category)
            .claim("member", Map.of("memUUID", user))
            .id(UUID.randomUUID().toString())
            .issuedAt(Date.from(now))
            .expiration(Date.from(now.plus(life)))
            .signWith(key, Jwts.SIG.HS256)
            .compact();
    return BEARER + token;
  }

  /** The state of the request's token of this kind. */
  Standing of(HttpServletRequest request, Kind kind) {
    var value = request.getHeader(kind.header);
    if (value == null || !value.startsWith(BEARER)) {
      return Standing.WORTHLESS;
    }
    try {
      return standing(parser.parseSignedClaims(value.substring(BEARER.length())).getPayload(), kind, false);
    } catch (ExpiredJwtException expired) {
      return standing(expired.getClaims(), kind, true);
    } catch (JwtException | IllegalArgumentException forged) {
      return Standing.WORTHLESS;
    }
  }

  private static Standing standing(Claims claims, Kind kind, boolean expired) {
    var isOfKind = kind.category.equals(claims.get("category"));
    var user = claims.get("member") instanceof Map<?, ?> member ? member.get("memUUID") : null;
    return isOfKind && user instanceof String id ? new Standing(id, expired) : Standing.WORTHLESS;
  }

  private static SecretKey key(String secret) {
    if (secret != null && !secret.isBlank()) {
      return Keys.hmacShaKeyFor(Decoders.BASE64.decode(secret.strip()));
    }
    var log = LoggerFactory.getLogger(Tokens.class);
    log.warn("no secret is set (CHAT_SECRET): the tokens are signed with a new one, and end with this process");
    return Jwts.SIG.HS256.key().build();
  }
}
