package chatstore;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The tokens of the service, with which couriers save and count the messages of all users. */
class ServiceTest extends StoreTest {
  private Login kim;
  private Login lee;
  private Login service;
  private String ofKim;
  private String ofLee;

  @BeforeEach
  void users() {
    kim = login("kim");
    lee = login("lee");
    service = login("courier");
    ofKim = workspace(kim, USER);
    ofLee = workspace(lee, OTHER);
  }

  private static String id() {
    return UUID.randomUUID().toString();
  }

  private Map<String, Object> reply(String id, String workspace, String parent) {
    return message(
        id, workspace, "msgSenderRole", "AI", "msgSenderUUID", "ai", "parentMsgId", parent, "msgSentAt", SENT_AT + 1);
  }

  private int save(Map<String, Object> message) {
    return call(service, "POST", "/api/chat/save", message).status();
  }

  private static JsonNode only(JsonNode rows) {
    assertThat(rows).hasSize(1);
    return rows.get(0);
  }

  @Test
  void itSavesAndCountsTheMessagesOfAllUsers() {
    var asked = message(id(), ofKim);
    var answered = reply(id(), ofKim, (String) asked.get("msgId"));
    for (var saved : new Map[] {asked, answered, asked, answered}) {
      assertThat(save(saved)).isEqualTo(201);
    }
    assertThat(save(message(id(), ofLee, "msgSenderUUID", OTHER))).isEqualTo(201);
    assertThat(history(kim, ofKim)).containsExactlyInAnyOrder(json.valueToTree(asked), json.valueToTree(answered));
    assertThat(history(lee, ofLee)).hasSize(1);
    var count = call(service, "PATCH", "/api/session/update-messages?workspaceId=" + ofKim, null);
    assertThat(count.status()).isEqualTo(200);
    var session = call(kim, "GET", "/api/session/" + ofKim, null);
    assertThat(session.body().at("/data/sessionMessageCount").asInt()).isEqualTo(1);
  }

  @Test
  void aMessageOfAnotherUserThanTheWorkspacesIs403() {
    for (var text : new String[] {"short", "long".repeat(1000)}) {
      assertThat(save(message(id(), ofKim, "msgSenderUUID", OTHER, "msgContent", text))).isEqualTo(403);
    }
    assertThat(history(kim, ofKim)).isEmpty();
  }

  @Test
  void aReplyToAnotherUsersMessageIs403() {
    var asked = id();
    assertThat(save(message(asked, ofLee, "msgSenderUUID", OTHER))).isEqualTo(201);
    assertThat(save(reply(id(), ofKim, asked))).isEqualTo(403);
    assertThat(history(kim, ofKim)).isEmpty();
  }

  @Test
  void aReplyToNoMessageIs403() {
    for (var parent : new String[] {null, id()}) {
      assertThat(save(reply(id(), ofKim, parent))).isEqualTo(403);
    }
    assertThat(history(kim, ofKim)).isEmpty();
  }

  @Test
  void aMessageDoesNotTakeThePlaceOfAnotherUsers() {
    var asked = id();
    var answered = id();
    assertThat(save(message(asked, ofKim))).isEqualTo(201);
    var own = id();
    assertThat(save(message(own, ofLee, "msgSenderUUID", OTHER))).isEqualTo(201);
    assertThat(save(message(asked, ofLee, "msgSenderUUID", OTHER))).isEqualTo(403);
    assertThat(save(reply(asked, ofLee, own))).isEqualTo(403);
    assertThat(save(reply(answered, ofKim, asked))).isEqualTo(201);
    assertThat(save(reply(answered, ofLee, own))).isEqualTo(403);
    assertThat(history(kim, ofKim)).hasSize(2);
    assertThat(only(history(lee, ofLee)).path("msgId").asText()).isEqualTo(own);
  }

  /** As when a message that opens a conversation is sent again over another machine, and opens a second one there. */
  @Test
  void aUsersMessageMovesBetweenTheUsersWorkspaces() {
    var second = workspace(kim, USER);
    var asked = id();
    var answered = id();
    assertThat(save(message(asked, ofKim))).isEqualTo(201);
    assertThat(save(message(asked, second))).isEqualTo(201);
    assertThat(save(reply(answered, ofKim, asked))).isEqualTo(201);
    assertThat(save(reply(answered, second, asked))).isEqualTo(201);
    assertThat(history(kim, ofKim)).isEmpty();
    assertThat(history(kim, second)).hasSize(2);
  }

  @Test
  void everyOtherCallForAUserIs403() {
    save(message(id(), ofKim));
    var calls =
        new String[][] {
          {"GET", "/api/chat/history/" + ofKim},
          {"GET", "/api/workspace/" + USER + "/status?workspaceStatus=ACTIVE&offset=0&size=9"},
          {"POST", "/api/workspace/create?memUuid=" + USER + "&workspaceName=w"},
          {"POST", "/api/session/start?workspaceId=" + ofKim + "&memUUID=" + USER},
          {"POST", "/api/session/start?workspaceId=" + ofKim + "&memUUID=" + SERVICE},
          {"PATCH", "/api/session/update-status?workspaceId=" + ofKim + "&status=COMPLETED"},
          {"GET", "/api/session/" + ofKim},
        };
    for (var call : calls) {
      assertThat(call(service, call[0], call[1], null).status()).as("%s %s", (Object[]) call).isEqualTo(403);
    }
  }
}
