package chatstore;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.springframework.test.context.TestPropertySource;

/** A store without a service: an account of a blank id is none either. */
@TestPropertySource(
    properties = {
      "spring.datasource.url=jdbc:h2:mem:without-service",
      "chat.service=",
      "chat.accounts[3].name=blank",
      "chat.accounts[3].password=of-the-test",
      "chat.accounts[3].id="
    })
class NoServiceTest extends StoreTest {
  @Test
  void nobodySavesOrCountsTheMessagesOfOthers() {
    var kim = login("kim");
    var workspace = workspace(kim, USER);
    for (var name : new String[] {"courier", "blank", "lee"}) {
      var other = login(name);
      var saved = call(other, "POST", "/api/chat/save", message(UUID.randomUUID().toString(), workspace));
      assertThat(saved.status()).as(name).isEqualTo(403);
      var count = call(other, "PATCH", "/api/session/update-messages?workspaceId=" + workspace, null);
      assertThat(count.status()).as(name).isEqualTo(403);
    }
    assertThat(history(kim, workspace)).isEmpty();
  }
}
