package chatstore.workspace;

import chatstore.Refusal;
import java.time.Clock;
import java.util.List;
import java.util.UUID;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Service;

/** The workspaces, each of one user. */
@Service
public class Workspaces {
  private final WorkspaceRows rows;
  private final Clock clock;

  Workspaces(WorkspaceRows rows, Clock clock) {
    this.rows = rows;
    this.clock = clock;
  }

  Workspace create(String user, String name) {
    var workspace = new Workspace();
    workspace.id = UUID.randomUUID().toString();
    workspace.name = name;
    workspace.user = user;
    workspace.createdAt = clock.instant();
    workspace.updatedAt = workspace.createdAt;
    workspace.status = Workspace.Status.ACTIVE;
    return rows.save(workspace);
  }

  /** A part of a user's workspaces, the oldest first. */
  List<Workspace> page(String user, Workspace.Status status, int offset, int size) {
    return rows.page(user, status, offset, size);
  }

  /** The user of a workspace; refuses one that does not exist, as 500. */
  public String ownerOf(String id) {
    return rows.findById(id)
        .orElseThrow(() -> new Refusal(HttpStatus.INTERNAL_SERVER_ERROR, "There is no workspace " + id))
        .user;
  }

  /** Refuses a workspace that does not exist, as 500, or that is another user's, as 403. */
  public void requireOwner(String id, String user) {
    requireSame(ownerOf(id), user);
  }

  /** True if the workspace exists; refuses another user's. */
  public boolean isOwned(String id, String user) {
    var workspace = rows.findById(id);
    workspace.ifPresent(found -> requireSame(found.user, user));
    return workspace.isPresent();
  }

  /** Refuses a call for another user than the tokens' one. */
  public void requireSame(String owner, String user) {
    if (!owner.equals(user)) {
      throw new Refusal(HttpStatus.FORBIDDEN, "The tokens are another user's");
    }
  }
}
