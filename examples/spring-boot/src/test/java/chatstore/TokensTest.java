package chatstore;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TokensTest extends StoreTest {
  private static final String CALL = "/api/session/anything";

  private Reply reissue(Login login, boolean extend) {
    return call(login, "POST", "/reissue", null, "extendLogin", String.valueOf(extend));
  }

  @Test
  void callsNeedTwoGoodTokens() {
    var kim = login("kim");
    assertThat(call(kim, "GET", CALL, null).status()).isEqualTo(200);
    var wrong =
        new Login[] {
          null,
          new Login("Bearer x", kim.refresh()),
          new Login(kim.access(), kim.access()),
          new Login(kim.access().substring("Bearer ".length()), kim.refresh()),
          new Login(kim.access().replaceFirst(".$", "!"), kim.refresh())
        };
    for (var login : wrong) {
      var reply = call(login, "GET", CALL, null);
      assertThat(reply.status()).isEqualTo(401);
      assertThat(reply.header("Token-Expired")).isNull();
      assertThat(reply.body().path("success").asBoolean(true)).isFalse();
    }
  }

  @Test
  void a401NamesTheTokensThatExpired() {
    var old = login("kim");
    clock.advance(Duration.ofMinutes(30));
    assertThat(call(old, "GET", CALL, null).header("Token-Expired")).isEqualTo("AccessToken");
    clock.advance(Duration.ofHours(24));
    assertThat(call(old, "GET", CALL, null).header("Token-Expired")).isEqualTo("AllToken");
    var fresh = new Login(login("kim").access(), old.refresh());
    assertThat(call(fresh, "GET", CALL, null).header("Token-Expired")).isEqualTo("RefreshToken");
  }

  @Test
  void aRefreshTokenBringsANewAccessToken() {
    var kim = login("kim");
    clock.advance(Duration.ofMinutes(31));
    var reply = reissue(kim, false);
    assertThat(reply.status()).isEqualTo(200);
    assertThat(reply.header("refreshToken")).isNull();
    var renewed = new Login(reply.header("Authorization"), kim.refresh());
    assertThat(call(renewed, "GET", CALL, null).status()).isEqualTo(200);
  }

  @Test
  void anExpiredRefreshTokenIsRenewedOnlyWhereTheLoginIsExtended() {
    var old = login("kim");
    clock.advance(Duration.ofHours(25));
    var kim = new Login(login("kim").access(), old.refresh());
    assertThat(reissue(kim, false).header("Token-Expired")).isEqualTo("RefreshToken");
    var renewed = new Login(kim.access(), reissue(kim, true).header("refreshToken"));
    assertThat(call(renewed, "GET", CALL, null).status()).isEqualTo(200);
    assertThat(reissue(old, true).header("Token-Expired")).isEqualTo("AllToken");
  }

  @Test
  void tokensOfTwoUsersAreNoPair() {
    var mixed = new Login(login("kim").access(), login("lee").refresh());
    assertThat(reissue(mixed, false).status()).isEqualTo(401);
    assertThat(call(mixed, "GET", CALL, null).status()).isEqualTo(401);
  }

  @Test
  void aWrongPasswordIs401() {
    for (var name : new String[] {"kim", "nobody"}) {
      var reply = call(null, "POST", "/login", Map.of("name", name, "password", "wrong"));
      assertThat(reply.status()).isEqualTo(401);
      assertThat(reply.header("Authorization")).isNull();
    }
  }

  @Test
  void pagesOfConfiguredOriginsMayCallAlsoWhereTheyAreRefused() {
    var ours = "https://chat.example.org";
    var preflight =
        call(null, "OPTIONS", CALL, null, "Origin", ours, "Access-Control-Request-Method", "GET",
            "Access-Control-Request-Headers", "authorization,refreshtoken");
    assertThat(preflight.status()).isEqualTo(200);
    var refused = call(null, "GET", CALL, null, "Origin", ours);
    assertThat(refused.status()).isEqualTo(401);
    for (var reply : new Reply[] {preflight, refused}) {
      assertThat(reply.header("Access-Control-Allow-Origin")).isEqualTo(ours);
      assertThat(reply.header("Access-Control-Allow-Credentials")).isEqualTo("true");
    }
    for (var other : List.of("https://a.example", "https://b.example")) {
      assertThat(call(null, "GET", CALL, null, "Origin", other).header("Access-Control-Allow-Origin")).isEqualTo(other);
    }
    assertThat(call(null, "GET", CALL, null, "Origin", "https://other.example").status()).isEqualTo(403);
  }

  @Test
  void aPathThatNothingIsMappedToIs404() {
    var reply = call(login("kim"), "GET", "/api/nothing", null);
    assertThat(reply.status()).isEqualTo(404);
    assertThat(reply.body().path("error").asText()).isEqualTo("Not Found");
  }
}
