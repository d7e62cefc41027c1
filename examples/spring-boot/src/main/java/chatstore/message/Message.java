package chatstore.message;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.EnumType;
import jakarta.persistence.Enumerated;
import jakarta.persistence.Id;
import jakarta.persistence.Index;
import jakarta.persistence.Table;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import java.time.Instant;
import org.hibernate.annotations.JdbcTypeCode;
import org.hibernate.type.SqlTypes;

/** A row of the table of messages, and its JSON. */
@Entity
@Table(name = "chat_message", indexes = @Index(columnList = "msg_workspace_id, msg_sent_at"))
class Message {
  enum Role {
    USER,
    AI
  }

  /** Text or voice. */
  enum Type {
    T,
    V
  }

  @Id
  @Column(name = "msg_id")
  @JsonProperty("msgId")
  @NotBlank
  String id;

  // Never an enum of the database: in a row that H2 restores after a kill it has its number in place of its word.
  @Enumerated(EnumType.STRING)
  @JdbcTypeCode(SqlTypes.VARCHAR)
  @Column(name = "msg_sender_role", nullable = false)
  @JsonProperty("msgSenderRole")
  @NotNull
  Role role;

  /** The setting of the longest text is the limit: the column has room for every value of it. */
  @Column(name = "msg_content", nullable = false, length = 1_000_000)
  @JsonProperty("msgContent")
  @NotBlank
  String content;

  @Column(name = "msg_sent_at", nullable = false)
  @JsonProperty("msgSentAt")
  @JsonDeserialize(using = SentAt.class)
  @NotNull
  Instant sentAt;

  @Column(name = "msg_sender_uuid", nullable = false)
  @JsonProperty("msgSenderUUID")
  @NotBlank
  String sender;

  @Column(name = "parent_msg_id")
  @JsonProperty("parentMsgId")
  String parent;

  @Enumerated(EnumType.STRING)
  @JdbcTypeCode(SqlTypes.VARCHAR)
  @Column(name = "msg_type", nullable = false)
  @JsonProperty("msgType")
  @NotNull
  Type type;

  @Column(name = "msg_workspace_id", nullable = false)
  @JsonProperty("msgWorkspaceId")
  @NotBlank
  String workspace;
}
