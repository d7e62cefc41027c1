package chatstore.token;

import chatstore.Settings;
import java.util.Optional;
import org.springframework.beans.factory.InitializingBean;
import org.springframework.security.crypto.bcrypt.BCryptPasswordEncoder;
import org.springframework.stereotype.Component;

/** The accounts of users. */
@Component
class Accounts implements InitializingBean {
  private final BCryptPasswordEncoder encoder = new BCryptPasswordEncoder();
  private final AccountRows rows;
  private final Settings settings;

  /** Compared where no account has the name, so that the time of the answer does not tell which names exist. */
  private final String hashOfNobody = encoder.encode("nobody");

  Accounts(AccountRows rows, Settings settings) {
    this.rows = rows;
    this.settings = settings;
  }

  /** The id of the user with this name and password. */
  Optional<String> idOf(String name, String password) {
    var account = rows.findByName(name);
    var matches = encoder.matches(password, account.map(found -> found.passwordHash).orElse(hashOfNobody));
    return account.filter(found -> matches).map(found -> found.id);
  }

  /** Makes the accounts before the server takes its first request. */
  @Override
  public void afterPropertiesSet() {
    for (var wanted : settings.accounts()) {
      if (rows.findByName(wanted.name()).isEmpty()) {
        var account = new Account();
        account.id = wanted.id();
        account.name = wanted.name();
        account.passwordHash = encoder.encode(wanted.password());
        rows.save(account);
      }
    }
  }
}
