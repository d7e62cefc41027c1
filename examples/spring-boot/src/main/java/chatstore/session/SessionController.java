package chatstore.session;

import chatstore.Answer;
import chatstore.Refusal;
import chatstore.Settings;
import chatstore.token.Caller;
import chatstore.workspace.Workspaces;
import jakarta.validation.constraints.NotBlank;
import org.springframework.http.HttpStatus;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PatchMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;

/** The calls for sessions. */
@RestController
@RequestMapping("/api/session")
class SessionController {
  private final Sessions sessions;
  private final Workspaces workspaces;
  private final Settings settings;

  SessionController(Sessions sessions, Workspaces workspaces, Settings settings) {
    this.sessions = sessions;
    this.workspaces = workspaces;
    this.settings = settings;
  }

  @PostMapping("/start")
  ResponseEntity<Answer> start(
      @RequestParam @NotBlank String workspaceId,
      @RequestParam @NotBlank String memUUID,
      @RequestAttribute(Caller.ATTRIBUTE) String caller) {
    workspaces.requireSame(memUUID, caller);
    workspaces.requireOwner(workspaceId, caller);
    return Answer.created("The session is started", sessions.start(workspaceId, memUUID));
  }

  @PatchMapping("/update-messages")
  ResponseEntity<Answer> count(
      @RequestParam @NotBlank String workspaceId, @RequestAttribute(Caller.ATTRIBUTE) String caller) {
    if (!settings.isService(caller)) {
      workspaces.requireOwner(workspaceId, caller);
    }
    if (!sessions.count(workspaceId)) {
      throw new Refusal(HttpStatus.INTERNAL_SERVER_ERROR, "There is no active session");
    }
    return Answer.ok("The message is counted", null);
  }

  @PatchMapping("/update-status")
  ResponseEntity<Answer> setStatus(
      @RequestParam @NotBlank String workspaceId,
      @RequestParam Session.Status status,
      @RequestAttribute(Caller.ATTRIBUTE) String caller) {
    workspaces.requireOwner(workspaceId, caller);
    sessions.setStatus(workspaceId, status);
    return Answer.ok("The status is set", null);
  }

  @GetMapping("/{workspaceId}")
  ResponseEntity<Answer> active(
      @PathVariable String workspaceId, @RequestAttribute(Caller.ATTRIBUTE) String caller) {
    var session = workspaces.isOwned(workspaceId, caller) ? sessions.active(workspaceId) : null;
    return Answer.ok("The active session", session == null ? null : session.orElse(null));
  }
}
