package chatstore.workspace;

import chatstore.Answer;
import chatstore.token.Caller;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotBlank;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** The calls for workspaces. */
@RestController
@RequestMapping("/api/workspace")
class WorkspaceController {
  private final Workspaces workspaces;

  WorkspaceController(Workspaces workspaces) {
    this.workspaces = workspaces;
  }

  @PostMapping("/create")
  ResponseEntity<Answer> create(
      @RequestParam @NotBlank String memUuid,
      @RequestParam @NotBlank String workspaceName,
      @RequestAttribute(Caller.ATTRIBUTE) String caller) {
    workspaces.requireSame(memUuid, caller);
    return Answer.created("The workspace is created", workspaces.create(memUuid, workspaceName));
  }

  @GetMapping("/{memUuid}/status")
  ResponseEntity<Answer> page(
      @PathVariable String memUuid,
      @RequestParam Workspace.Status workspaceStatus,
      @RequestParam @Min(0) int offset,
      @RequestParam @Min(1) int size,
      @RequestAttribute(Caller.ATTRIBUTE) String caller) {
    workspaces.requireSame(memUuid, caller);
    return Answer.ok("The workspaces", workspaces.page(memUuid, workspaceStatus, offset, size));
  }
}
