package chatstore;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class WorkspacesTest extends StoreTest {
  @Test
  void workspacesArePaged() {
    var lee = login("lee");
    var before = page(lee, "ACTIVE", 0, 1000).size();
    for (var n = 0; n < 3; n++) {
      clock.advance(Duration.ofMillis(1));
      var made = call(lee, "POST", "/api/workspace/create?memUuid=" + OTHER + "&workspaceName=w" + n, null);
      assertThat(made.status()).isEqualTo(201);
      assertThat(made.body().at("/data/workspaceStatus").asText()).isEqualTo("ACTIVE");
      assertThat(made.body().at("/data/workspaceCreatedAt").asLong()).isEqualTo(clock.millis());
      assertThat(made.body().at("/data/workspaceDeletedAt").isNull()).isTrue();
    }
    assertThat(page(lee, "ACTIVE", before, 2)).extracting(w -> w.path("workspaceName").asText()).containsExactly("w0", "w1");
    assertThat(page(lee, "ACTIVE", before + 2, 50)).extracting(w -> w.path("workspaceName").asText()).containsExactly("w2");
    assertThat(page(lee, "DELETED", 0, 50)).isEmpty();
    assertThat(call(lee, "GET", "/api/workspace/" + OTHER + "/status?workspaceStatus=GONE&offset=0&size=1", null).status()).isEqualTo(400);
    assertThat(call(lee, "GET", "/api/workspace/" + USER + "/status?workspaceStatus=ACTIVE&offset=0&size=1", null).status()).isEqualTo(403);
  }

  private com.fasterxml.jackson.databind.JsonNode page(Login login, String status, int offset, int size) {
    var path = "/api/workspace/%s/status?workspaceStatus=%s&offset=%d&size=%d".formatted(OTHER, status, offset, size);
    return call(login, "GET", path, null).body().path("data");
  }

  @Test
  void aNameHasAHundredCharactersAtMost() {
    var kim = login("kim");
    var create = "/api/workspace/create?memUuid=" + USER + "&workspaceName=";
    assertThat(call(kim, "POST", create + encoded("가".repeat(100)), null).status()).isEqualTo(201);
    assertThat(call(kim, "POST", create + encoded("가".repeat(101)), null).status()).isEqualTo(500);
    assertThat(call(kim, "POST", create, null).status()).isEqualTo(400);
    assertThat(call(kim, "POST", "/api/workspace/create?memUuid=" + USER, null).status()).isEqualTo(400);
  }

  @Test
  void messagesAreCountedWhileASessionIsActive() {
    var kim = login("kim");
    var workspace = workspace(kim, USER);
    var count = "/api/session/update-messages?workspaceId=" + workspace;
    clock.advance(Duration.ofMinutes(9));
    assertThat(call(kim, "PATCH", count, null).status()).isEqualTo(200);
    clock.advance(Duration.ofMinutes(9));
    assertThat(call(kim, "PATCH", count, null).status()).isEqualTo(200);
    var session = "/api/session/" + workspace;
    assertThat(call(kim, "GET", session, null).body().at("/data/sessionMessageCount").asInt()).isEqualTo(2);
    kim = login("kim");
    clock.advance(Duration.ofMinutes(10));
    var late = call(kim, "PATCH", count, null);
    assertThat(late.status()).isEqualTo(500);
    assertThat(late.body().path("message").asText()).isEqualTo("There is no active session");
    assertThat(call(kim, "GET", session, null).body().path("data").isNull()).isTrue();
  }

  @Test
  void aSessionTakesTheStatusThatItIsGiven() {
    var kim = login("kim");
    var workspace = workspace(kim, USER);
    var status = "/api/session/update-status?workspaceId=" + workspace + "&status=";
    assertThat(call(kim, "PATCH", status + "OVER", null).status()).isEqualTo(400);
    assertThat(call(kim, "PATCH", status + "COMPLETED", null).status()).isEqualTo(200);
    assertThat(call(kim, "GET", "/api/session/" + workspace, null).body().path("data").isNull()).isTrue();
    assertThat(call(kim, "GET", "/api/session/" + UUID.randomUUID(), null).body().path("data").isNull()).isTrue();
  }
}
