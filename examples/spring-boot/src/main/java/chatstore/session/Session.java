package chatstore.session;

import com.fasterxml.jackson.annotation.JsonProperty;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import jakarta.persistence.Index;
import jakarta.persistence.Table;
import java.time.Instant;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.type.SqlTypes;

/** A row of the table of sessions, and its JSON. */
@Entity
@Table(name = "chat_session", indexes = @Index(columnList = "session_workspace_id, session_status"))
class Session {
  enum Status {
    ACTIVE,
    COMPLETED,
    ERROR,
    TIMEOUT
  }

  @Id
  @Column(name = "session_id")
  @JsonProperty("sessionId")
  String id;

  @Column(name = "session_workspace_id", nullable = false)
  @JsonProperty("sessionWorkspaceId")
  String workspace;

  @Column(name = "session_mem_uuid", nullable = false)
  @JsonProperty("sessionMemUUID")
  String user;

  @Enumerated(EnumType.STRING)
  @JdbcTypeCode(SqlTypes.VARCHAR)
  @Column(name = "session_status", nullable = false)
  @JsonProperty("sessionStatus")
  Status status;

  @Column(name = "session_message_count", nullable = false)
  @JsonProperty("sessionMessageCount")
  long messages;

  @Column(name = "session_started_at", nullable = false)
  @JsonProperty("sessionStartedAt")
  Instant startedAt;

  /** The time of the last count, or of the start. */
  @Column(name = "session_last_message_at", nullable = false)
  @JsonProperty("sessionLastMessageAt")
  Instant lastMessageAt;
}
