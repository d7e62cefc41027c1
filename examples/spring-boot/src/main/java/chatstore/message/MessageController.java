package chatstore.message;

import chatstore.Answer;
import chatstore.token.Caller;
import jakarta.validation.Valid;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestAttribute;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.RestController;

/** The calls for messages. */
@RestController
@RequestMapping("/api/chat")
class MessageController {
  private final Messages messages;

  MessageController(Messages messages) {
    this.messages = messages;
  }

  @PostMapping("/save")
  ResponseEntity<Answer> save(
      @Valid @RequestBody Message message, @RequestAttribute(Caller.ATTRIBUTE) String caller) {
    messages.save(message, caller);
    return Answer.created("The message is saved", null);
  }

  @GetMapping("/history/{workspaceId}")
  ResponseEntity<Answer> history(
      @PathVariable String workspaceId, @RequestAttribute(Caller.ATTRIBUTE) String caller) {
    var found = messages.of(workspaceId, caller);
    return found.isEmpty() ? ResponseEntity.noContent().build() : Answer.ok("The messages", found);
  }
}
