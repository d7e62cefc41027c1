package chatstore;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.test.annotation.DirtiesContext;
import org.springframework.test.context.DynamicPropertyRegistry;
import org.springframework.test.context.DynamicPropertySource;

/** A store that is started on the file of one that was killed in the middle of a write. */
@DirtiesContext
class KilledTest extends StoreTest {
  private static final List<String> WRITES =
      List.of(
          "update chat_message set msg_content = 'half'",
          "update workspace set workspace_name = 'half'",
          "update chat_session set session_message_count = 7");

  @TempDir static Path folder;

  @Autowired DataSource database;

  private static String url(String name) {
    return "jdbc:h2:file:" + folder.resolve(name) + ";WRITE_DELAY=0";
  }

  @DynamicPropertySource
  static void inAFile(DynamicPropertyRegistry properties) {
    properties.add("spring.datasource.url", () -> url("killed"));
  }

  /** Copies a file that is written meanwhile, as it was at one time: between two copies that are equal. */
  private static void copy(Path from, Path to) throws IOException {
    var earlier = folder.resolve("earlier");
    Files.copy(from, to);
    do {
      Files.move(to, earlier, StandardCopyOption.REPLACE_EXISTING);
      Files.copy(from, to);
    } while (Files.mismatch(earlier, to) != -1);
  }

  @Test
  void itsRowsAreThoseBeforeTheWrite() throws SQLException, IOException {
    var kim = login("kim");
    var workspace = workspace(kim, USER);
    var kept = message(UUID.randomUUID().toString(), workspace);
    var beside = message(UUID.randomUUID().toString(), workspace, "msgSenderRole", "AI");
    call(kim, "POST", "/api/chat/save", kept);
    try (var connection = database.getConnection()) {
      connection.setAutoCommit(false);
      for (var write : WRITES) {
        connection.createStatement().executeUpdate(write);
      }
      // Its confirmation says that it is in the file, and with it the writes that are not confirmed.
      call(kim, "POST", "/api/chat/save", beside);
      copy(folder.resolve("killed.mv.db"), folder.resolve("started.mv.db"));
      connection.rollback();
    }
    var store = new SpringApplicationBuilder(ChatStoreApplication.class, Turning.class);
    try (var started = store.run("--server.port=0", "--spring.datasource.url=" + url("started"), "--chat.secret=" + SECRET)) {
      port = started.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
      assertThat(history(kim, workspace)).containsExactlyInAnyOrder(json.valueToTree(kept), json.valueToTree(beside));
      var page = call(kim, "GET", "/api/workspace/" + USER + "/status?workspaceStatus=ACTIVE&offset=0&size=9", null);
      assertThat(page.body().path("data")).extracting(w -> w.path("workspaceName").asText()).containsExactly("첫 대화 & more");
      var session = call(kim, "GET", "/api/session/" + workspace, null).body().path("data");
      assertThat(session.path("sessionStatus").asText()).isEqualTo("ACTIVE");
      assertThat(session.path("sessionMessageCount").asInt(-1)).isZero();
    }
  }
}
