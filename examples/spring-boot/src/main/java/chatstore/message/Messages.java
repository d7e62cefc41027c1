package chatstore.message;

import chatstore.Refusal;
import chatstore.Settings;
import chatstore.workspace.Workspaces;
import java.util.List;
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
    var length = message.content.codePointCount(0, message.content.length());
    if (length > settings.messageLength()) {
      throw new Refusal(
          HttpStatus.INTERNAL_SERVER_ERROR,
          "Data too long for column 'msg_content': %d characters, of at most %d"
              .formatted(length, settings.messageLength()));
    }
    workspaces.requireOwner(message.workspace, caller);
    // An id must not give access to a row of another user's workspace.
    rows.findById(message.id).ifPresent(before -> workspaces.requireOwner(before.workspace, caller));
    try {
      rows.save(message);
    } catch (DataIntegrityViolationException error) {
      // The same message came twice at once, and the other was the first to insert its row.
      if (!rows.existsById(message.id)) {
        throw error;
      }
      rows.save(message);
    }
  }

  /** The messages of a workspace, in no order; none of a workspace that does not exist. */
  List<Message> of(String workspace, String caller) {
    return workspaces.isOwned(workspace, caller) ? rows.findByWorkspace(workspace) : List.of();
  }
}
