package chatstore.session;

import chatstore.Refusal;
import chatstore.Settings;
import java.time.Clock;
import java.util.Optional;
import java.util.UUID;
import org.springframework.http.HttpStatus;
import org.springframework.stereotype.Service;
import org.springframework.transaction.annotation.Transactional;

/** The sessions of workspaces: one at most is active, and ends some time after its last message. */
@Service
class Sessions {
  private final SessionRows rows;
  private final Clock clock;
  private final Settings settings;

  Sessions(SessionRows rows, Clock clock, Settings settings) {
    this.rows = rows;
    this.clock = clock;
    this.settings = settings;
  }

  /** Starts a session, in place of the one that is active. */
  @Transactional
  Session start(String workspace, String user) {
    active(workspace).ifPresent(before -> before.status = Session.Status.COMPLETED);
    var session = new Session();
    session.id = UUID.randomUUID().toString();
    session.workspace = workspace;
    session.user = user;
    session.status = Session.Status.ACTIVE;
    session.startedAt = clock.instant();
    session.lastMessageAt = session.startedAt;
    return rows.save(session);
  }

  /** The active session. One that has had no message for too long ends here. */
  @Transactional
  Optional<Session> active(String workspace) {
    var found = rows.findFirstByWorkspaceAndStatusOrderByStartedAtDesc(workspace, Session.Status.ACTIVE);
    var ended = clock.instant().minus(settings.sessionLife());
    found.filter(session -> !session.lastMessageAt.isAfter(ended)).ifPresent(old -> old.status = Session.Status.TIMEOUT);
    return found.filter(session -> session.status == Session.Status.ACTIVE);
  }

  /** Counts a message in the active session; false if there is none. The time-out of a session is kept either way. */
  @Transactional
  boolean count(String workspace) {
    var session = active(workspace);
    session.ifPresent(
        found -> {
          found.messages += 1;
          found.lastMessageAt = clock.instant();
        });
    return session.isPresent();
  }

  @Transactional
  void setStatus(String workspace, Session.Status status) {
    var session = rows.findFirstByWorkspaceOrderByStartedAtDesc(workspace);
    session.orElseThrow(() -> new Refusal(HttpStatus.INTERNAL_SERVER_ERROR, "There is no session")).status = status;
  }
}
