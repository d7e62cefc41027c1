package chatstore.workspace;

import java.util.List;
import org.springframework.data.jpa.repository.JpaRepository;
import org.springframework.data.jpa.repository.Query;

/** The table of workspaces. */
interface WorkspaceRows extends JpaRepository<Workspace, String> {
  @Query(
      """
      select w from Workspace w where w.user = :user and w.status = :status
      order by w.createdAt, w.id limit :size offset :offset""")
  List<Workspace> page(String user, Workspace.Status status, int offset, int size);
}
