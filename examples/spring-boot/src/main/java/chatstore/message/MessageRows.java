package chatstore.message;

import java.util.List;
import org.springframework.data.jpa.repository.JpaRepository;

/** The table of messages. */
interface MessageRows extends JpaRepository<Message, String> {
  List<Message> findByWorkspace(String workspace);
}
