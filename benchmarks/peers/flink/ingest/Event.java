package ingest;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Set;

/** A shopper's event: what streams/events/event.py says of it, read from JSON and validated. */
final class Event {
  private static final long LAST_MS = 253_402_300_799_999L;
  private static final int LONGEST_ID = 128, LONGEST_TEXT = 1_000, LONGEST_CURRENCY = 3;
  private static final Set<String> ACTIONS = Set.of("view", "click", "list_view", "search", "cart_add", "cart_remove",
      "cart_view", "checkout", "purchase", "refund", "wishlist_add");

  String eventId, shopperId, action, query, sessionId, orderId;
  long timeMs = -1;
  final ArrayList<Item> items = new ArrayList<>(2);

  /** Looks at lists and at the cart say too little to ask a model. */
  boolean asks() {
    return !action.equals("list_view") && !action.equals("cart_view");
  }

  static final class Item {
    String id, title, category, brand, currency;
    double price = -1;
    int quantity = 1;
  }

  static Event read(JsonFactory json, byte[] value) throws IOException {
    Event event = new Event();
    try (JsonParser parser = json.createParser(value)) {
      if (parser.nextToken() != JsonToken.START_OBJECT) throw new IOException("no object");
      String name;
      while ((name = parser.nextFieldName()) != null) {
        parser.nextToken();
        event.take(name, parser);
      }
    }
    if (event.eventId == null || event.shopperId == null || event.action == null || event.timeMs < 0)
      throw new IOException("a field is missing");
    return event;
  }

  private void take(String name, JsonParser parser) throws IOException {
    switch (name) {
      case "event_id" -> eventId = identifier(parser);
      case "shopper_id" -> shopperId = identifier(parser);
      case "action" -> action = action(parser);
      case "time_ms" -> timeMs = time(parser);
      case "query" -> query = text(parser, LONGEST_TEXT);
      case "session_id" -> sessionId = text(parser, LONGEST_TEXT);
      case "order_id" -> orderId = text(parser, LONGEST_TEXT);
      case "items" -> {
        while (parser.nextToken() == JsonToken.START_OBJECT) items.add(item(parser));
      }
      default -> parser.skipChildren();
    }
  }

  private static Item item(JsonParser parser) throws IOException {
    Item item = new Item();
    String name;
    while ((name = parser.nextFieldName()) != null) {
      parser.nextToken();
      switch (name) {
        case "id" -> item.id = identifier(parser);
        case "title" -> item.title = text(parser, LONGEST_TEXT);
        case "category" -> item.category = text(parser, LONGEST_TEXT);
        case "brand" -> item.brand = text(parser, LONGEST_TEXT);
        case "currency" -> item.currency = text(parser, LONGEST_CURRENCY);
        case "price" -> {
          item.price = parser.getDoubleValue();
          if (item.price < 0) throw new IOException("a price below nothing");
        }
        case "quantity" -> item.quantity = parser.getIntValue();
        default -> parser.skipChildren();
      }
    }
    if (item.id == null) throw new IOException("an item without id");
    return item;
  }

  private static String action(JsonParser parser) throws IOException {
    String action = parser.getText();
    if (!ACTIONS.contains(action)) throw new IOException("no action: " + action);
    return action;
  }

  private static long time(JsonParser parser) throws IOException {
    long time = parser.getLongValue();
    if (time < 0 || time > LAST_MS) throw new IOException("no time: " + time);
    return time;
  }

  private static String text(JsonParser parser, int longest) throws IOException {
    if (parser.currentToken() == JsonToken.VALUE_NULL) return null;
    String text = parser.getText();
    if (parser.currentToken() != JsonToken.VALUE_STRING || text.length() > longest) throw new IOException("no text");
    return text;
  }

  private static String identifier(JsonParser parser) throws IOException {
    String id = text(parser, LONGEST_ID);
    if (id == null || id.isEmpty()) throw new IOException("no identifier");
    for (int at = 0; at < id.length(); at++) {
      char letter = id.charAt(at);
      if (letter < 0x20 || letter == 0x7f || letter == '{' || letter == '}') throw new IOException("no identifier");
    }
    return id;
  }
}
