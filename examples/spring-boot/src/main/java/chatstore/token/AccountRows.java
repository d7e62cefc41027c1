package chatstore.token;

import java.util.Optional;
import org.springframework.data.jpa.repository.JpaRepository;

/** The table of accounts. */
interface AccountRows extends JpaRepository<Account, String> {
  Optional<Account> findByName(String name);
}
