package chatstore.message;

import chatstore.Refusal;
import chatstore.Settings;
import chatstore.workspace.Workspaces;
import java.util.List;
import java.util.Optional;
import org.springframework.dao.DataIntegrityViolationException;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Service;

/** The messages of workspaces. */
@Service
class Messages {
  private final MessageRows rows;
  private final Workspaces workspaces;
  private final Settings settings;

  Messages(MessageRows rows, Workspaces workspaces, Settings settings) {
    this.rows = rows;
    this.workspaces = workspaces;
    this.settings = settings;
  }

  /** Keeps the message, in place of the one of its id. */
  void save(Message message, String caller) {
    var owner = workspaces.ownerOf(message.workspace);
    if (settings.isService(caller)) {
      requireOf(owner, message);
    } else {
      workspaces.requireSame(owner, caller);
    }
    var length = message.content.codePointCount(0, message.content.length());
    if (length > settings.messageLength()) {
      throw new Refusal(
          HttpStatus.INTERNAL_SERVER_ERROR,
          "Data too long for column 'msg_content': %d characters, of at most %d"
              .formatted(length, settings.messageLength()));
    }
    try {
      keep(message, owner);
    } catch (DataIntegrityViolationException error) {
      // The same message came twice at once, and the other was the first to insert its row.
      if (!rows.existsById(message.id)) {
        throw error;
      }
      keep(message, owner);
    }
  }

  /** Keeps a message of the owner's workspace. An id must not give access to a row of another user. */
  private void keep(Message message, String owner) {
    rows.findById(message.id).ifPresent(before -> requireSame(owner, workspaces.ownerOf(before.workspace)));
    rows.save(message);
  }

  /**
   * Refuses a message that is not of the workspace's owner, as the service's tokens do not tell the user. A user's message names
   * its sender; a reply belongs to the user whose message it answers. One that answers no message is refused in the same way: other
   * statuses are tried again, and would keep the workspace's own messages waiting.
   */
  private void requireOf(String owner, Message message) {
    if (message.role == Message.Role.USER) {
      requireSame(owner, message.sender);
      return;
    }
    var answered = Optional.ofNullable(message.parent).flatMap(rows::findById);
    if (answered.isEmpty()) {
      throw new Refusal(HttpStatus.FORBIDDEN, "There is no message that this one replies to");
    }
    requireSame(owner, workspaces.ownerOf(answered.get().workspace));
  }

  private static void requireSame(String owner, String user) {
    if (!owner.equals(user)) {
      throw new Refusal(HttpStatus.FORBIDDEN, "The message is another user's");
    }
  }

  /** The messages of a workspace, in no order; none of a workspace that does not exist. */
  List<Message> of(String workspace, String caller) {
    return workspaces.isOwned(workspace, caller) ? rows.findByWorkspace(workspace) : List.of();
  }
}
