package chatstore;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MessagesTest extends StoreTest {
  private static String id() {
    return UUID.randomUUID().toString();
  }

  @Test
  void aMessageComesBackWithEveryField() {
    var kim = login("kim");
    var workspace = workspace(kim, USER);
    assertThat(call(kim, "GET", "/api/chat/history/" + workspace, null).status()).isEqualTo(204);
    var asked = message(id(), workspace, "msgType", "V");
    var reply =
        message(id(), workspace, "msgSenderRole", "AI", "msgSentAt", SENT_AT + 1, "parentMsgId", asked.get("msgId"));
    for (var saved : new Map[] {reply, asked}) {
      assertThat(call(kim, "POST", "/api/chat/save", saved).status()).isEqualTo(201);
    }
    assertThat(history(kim, workspace)).containsExactlyInAnyOrder(json.valueToTree(asked), json.valueToTree(reply));
  }

  @Test
  void savingTheSameIdReplacesTheRowAlsoAtOnce() {
    var kim = login("kim");
    var workspace = workspace(kim, USER);
    var id = id();
    var pool = Executors.newFixedThreadPool(8);
    var saves =
        IntStream.range(0, 40)
            .mapToObj(n -> pool.submit(() -> call(kim, "POST", "/api/chat/save", message(id, workspace)).status()))
            .toList();
    assertThat(saves).allSatisfy(status -> assertThat(status.get()).isEqualTo(201));
    pool.shutdown();
    call(kim, "POST", "/api/chat/save", message(id, workspace, "msgContent", "second"));
    assertThat(history(kim, workspace)).hasSize(1);
    assertThat(history(kim, workspace).at("/0/msgContent").asText()).isEqualTo("second");
  }

  @Test
  void timesAreEpochMillisecondsOrIso8601() {
    var kim = login("kim");
    var workspace = workspace(kim, USER);
    for (var time : new Object[] {"2025-12-02T07:20:00", "2025-12-02T07:20:00Z", "2025-12-02T16:20:00+09:00", SENT_AT}) {
      var id = id();
      assertThat(call(kim, "POST", "/api/chat/save", message(id, workspace, "msgSentAt", time)).status()).isEqualTo(201);
    }
    assertThat(history(kim, workspace)).allSatisfy(row -> assertThat(row.path("msgSentAt").asLong()).isEqualTo(SENT_AT));
  }

  @Test
  void whatIsNoMessageIs400() {
    var kim = login("kim");
    var workspace = workspace(kim, USER);
    var wrong =
        new Object[][] {
          {"msgId", ""}, {"msgContent", " "}, {"msgContent", null}, {"msgSenderRole", "BOT"}, {"msgType", "X"},
          {"msgSentAt", "yesterday"}, {"msgSentAt", null}, {"msgSenderUUID", null}, {"msgWorkspaceId", ""}
        };
    for (var field : wrong) {
      var reply = call(kim, "POST", "/api/chat/save", message(id(), workspace, field));
      assertThat(reply.status()).as("%s", (Object) field).isEqualTo(400);
      assertThat(reply.body().path("success").asBoolean(true)).isFalse();
      assertThat(reply.body().path("message").asText()).isNotBlank();
    }
    assertThat(call(kim, "POST", "/api/chat/save", "{").status()).isEqualTo(400);
    assertThat(history(kim, workspace)).isEmpty();
  }

  @Test
  void whatTheDatabaseRefusesIs500() {
    var kim = login("kim");
    var workspace = workspace(kim, USER);
    var fits = call(kim, "POST", "/api/chat/save", message(id(), workspace, "msgContent", "😀".repeat(2000)));
    assertThat(fits.status()).isEqualTo(201);
    var long_ = call(kim, "POST", "/api/chat/save", message(id(), workspace, "msgContent", "가".repeat(2001)));
    assertThat(long_.status()).isEqualTo(500);
    assertThat(long_.body().path("message").asText()).contains("Data too long for column 'msg_content'");
    var nowhere = call(kim, "POST", "/api/chat/save", message(id(), "nowhere"));
    assertThat(nowhere.status()).isEqualTo(500);
    assertThat(nowhere.body().path("message").asText()).isEqualTo("There is no workspace nowhere");
  }

  @Test
  void anotherUsersWorkspaceIs403() {
    var kim = login("kim");
    var lee = login("lee");
    var workspace = workspace(kim, USER);
    var id = id();
    call(kim, "POST", "/api/chat/save", message(id, workspace));
    assertThat(call(lee, "POST", "/api/chat/save", message(id(), workspace)).status()).isEqualTo(403);
    assertThat(call(lee, "POST", "/api/chat/save", message(id, workspace(lee, OTHER))).status()).isEqualTo(403);
    assertThat(call(lee, "GET", "/api/chat/history/" + workspace, null).status()).isEqualTo(403);
    assertThat(history(kim, workspace)).hasSize(1);
  }
}
