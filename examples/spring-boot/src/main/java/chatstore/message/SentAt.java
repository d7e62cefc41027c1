package chatstore.message;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import java.io.IOException;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/** Reads a time from epoch milliseconds or ISO 8601; without a zone it is UTC. */
class SentAt extends StdDeserializer<Instant> {
  SentAt() {
    super(Instant.class);
  }

  @Override
  public Instant deserialize(JsonParser parser, DeserializationContext context) throws IOException {
    if (parser.currentToken().isNumeric()) {
      return Instant.ofEpochMilli(parser.getLongValue());
    }
    var text = parser.getText();
    try {
      var read = DateTimeFormatter.ISO_DATE_TIME.parseBest(text, Instant::from, LocalDateTime::from);
      return read instanceof LocalDateTime local ? local.toInstant(ZoneOffset.UTC) : Instant.from(read);
    } catch (DateTimeException error) {
      return (Instant) context.handleWeirdStringValue(Instant.class, text, "neither epoch milliseconds nor ISO 8601");
    }
  }
}
