package chatstore;

import java.time.Clock;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.web.context.WebServerPortFileWriter;
import org.springframework.context.annotation.Bean;

/** The chat store: it keeps messages, workspaces and sessions, and issues the tokens of their users. */
@SpringBootApplication
@EnableConfigurationProperties(Settings.class)
public class ChatStoreApplication {

  public static void main(String[] arguments) {
    var application = new SpringApplication(ChatStoreApplication.class);
    var portFile = System.getenv("CHAT_PORT_FILE");
    if (portFile != null) {
      application.addListeners(new WebServerPortFileWriter(portFile));
    }
    application.run(arguments);
  }

  @Bean
  Clock clock() {
    return Clock.systemUTC();
  }
}
