package chatstore;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.context.annotation.Primary;

/** The store on a port of its own, with a database in memory, a clock that turns, and the calls of a client. */
@SpringBootTest(
    webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
    properties = {
      "spring.main.banner-mode=off",
      "spring.datasource.url=jdbc:h2:mem:test;LOCK_TIMEOUT=60000",
      "chat.secret=" + StoreTest.SECRET,
      "chat.origins=https://chat.example.org, https://a.example https://b.example",
      "chat.accounts[0].name=kim",
      "chat.accounts[0].password=of-the-test",
      "chat.accounts[0].id=" + StoreTest.USER,
      "chat.accounts[1].name=lee",
      "chat.accounts[1].password=of-the-test",
      "chat.accounts[1].id=" + StoreTest.OTHER,
      "chat.accounts[2].name=courier",
      "chat.accounts[2].password=of-the-test",
      "chat.accounts[2].id=" + StoreTest.SERVICE,
      "chat.service=" + StoreTest.SERVICE
    })
@Import(StoreTest.Turning.class)
abstract class StoreTest {
  static final String SECRET = "dGhlIHNlY3JldCBvZiB0aGUgdGVzdHMsIHdoaWNoIGlzIG5vbmU=";
  static final String USER = "0b1e55ed-0000-4000-8000-000000000001";
  static final String OTHER = "0b1e55ed-0000-4000-8000-000000000009";
  static final String SERVICE = "0b1e55ed-0000-4000-8000-00000000000f";
  static final long SENT_AT = 1_764_660_000_000L;

  @TestConfiguration
  static class Turning {
    @Bean
    @Primary
    TurnableClock turnableClock() {
      return new TurnableClock();
    }
  }

  record Login(String access, String refresh) {}

  record Reply(int status, JsonNode body, HttpResponse<String> raw) {
    String header(String name) {
      return raw.headers().firstValue(name).orElse(null);
    }
  }

  @LocalServerPort int port;
  @Autowired TurnableClock clock;
  @Autowired ObjectMapper json;

  private final HttpClient client = HttpClient.newHttpClient();

  Reply call(Login login, String method, String path, Object body, String... headers) {
    var request = HttpRequest.newBuilder(URI.create("http://localhost:" + port + path));
    if (login != null) {
      request.header("Authorization", login.access()).header("RefreshToken", login.refresh());
    }
    if (headers.length > 0) {
      request.headers(headers);
    }
    try {
      var sent =
          body == null
              ? HttpRequest.BodyPublishers.noBody()
              : HttpRequest.BodyPublishers.ofString(
                  body instanceof String text ? text : json.writeValueAsString(body));
      request.header("Content-Type", "application/json").method(method, sent);
      var raw = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
      var isJson = raw.headers().firstValue("Content-Type").orElse("").startsWith("application/json");
      return new Reply(raw.statusCode(), isJson ? json.readTree(raw.body()) : json.missingNode(), raw);
    } catch (IOException | InterruptedException error) {
      throw new AssertionError(error);
    }
  }

  Login login(String name) {
    var reply = call(null, "POST", "/login", Map.of("name", name, "password", "of-the-test"));
    return new Login(reply.header("Authorization"), reply.header("refreshToken"));
  }

  /** A workspace with an active session. */
  String workspace(Login login, String user) {
    var path = "/api/workspace/create?memUuid=" + user + "&workspaceName=" + encoded("첫 대화 & more");
    var id = call(login, "POST", path, null).body().at("/data/workspaceId").asText();
    call(login, "POST", "/api/session/start?workspaceId=" + id + "&memUUID=" + user, null);
    return id;
  }

  /** A user's message, with fields replaced: pairs of names and values. */
  Map<String, Object> message(String id, String workspace, Object... fields) {
    var message = new LinkedHashMap<String, Object>();
    message.put("msgId", id);
    message.put("msgSenderRole", "USER");
    message.put("msgContent", "안녕\n\"하세요\" 😀");
    message.put("msgSentAt", SENT_AT);
    message.put("msgSenderUUID", USER);
    message.put("parentMsgId", null);
    message.put("msgType", "T");
    message.put("msgWorkspaceId", workspace);
    for (var at = 0; at < fields.length; at += 2) {
      message.put((String) fields[at], fields[at + 1]);
    }
    return message;
  }

  JsonNode history(Login login, String workspace) {
    return call(login, "GET", "/api/chat/history/" + workspace, null).body().path("data");
  }

  static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
