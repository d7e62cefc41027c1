package chatstore.session;

import jakarta.persistence.LockModeType;
import java.util.Optional;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Lock;

/** The table of sessions. */
interface SessionRows extends JpaRepository<Session, String> {
  /** Locked, so that two counts at once are two. */
  @Lock(LockModeType.PESSIMISTIC_WRITE)
  Optional<Session> findFirstByWorkspaceAndStatusOrderByStartedAtDesc(String workspace, Session.Status status);

  @Lock(LockModeType.PESSIMISTIC_WRITE)
  Optional<Session> findFirstByWorkspaceOrderByStartedAtDesc(String workspace);
}
