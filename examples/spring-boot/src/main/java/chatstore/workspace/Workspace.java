package chatstore.workspace;

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

/** A row of the table of workspaces, and its JSON. */
@Entity
@Table(name = "workspace", indexes = @Index(columnList = "workspace_mem_uuid, workspace_status"))
public class Workspace {
  /** The longest name, in characters. */
  static final int LONGEST_NAME = 100;

  public enum Status {
    ACTIVE,
    ARCHIVED,
    DELETED
  }

  @Id
  @Column(name = "workspace_id")
  @JsonProperty("workspaceId")
  String id;

  @Column(name = "workspace_name", length = LONGEST_NAME, nullable = false)
  @JsonProperty("workspaceName")
  String name;

  @Column(name = "workspace_created_at", nullable = false)
  @JsonProperty("workspaceCreatedAt")
  Instant createdAt;

  @Column(name = "workspace_updated_at", nullable = false)
  @JsonProperty("workspaceUpdatedAt")
  Instant updatedAt;

  @Column(name = "workspace_deleted_at")
  @JsonProperty("workspaceDeletedAt")
  Instant deletedAt;

  @Column(name = "workspace_mem_uuid", nullable = false)
  @JsonProperty("workspaceMemUuid")
  String user;

  @Enumerated(EnumType.STRING)
  @JdbcTypeCode(SqlTypes.VARCHAR)
  @Column(name = "workspace_status", nullable = false)
  @JsonProperty("workspaceStatus")
  Status status;
}
