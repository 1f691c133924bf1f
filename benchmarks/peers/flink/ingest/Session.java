package ingest;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.zip.CRC32;

/** A shopper's session: the window of their events in columns, folded as streams/sessions/session.py folds them. */
public final class Session {
  private static final long GAP_MS = 1_800_000, SKEW_MS = 60_000;
  private static final int MOST = 60, LEFT = 36, ITEMS = 8, FIRST = 8;

  private long folded = -1, origin, last;
  private int events, height;
  private String[] ids = new String[FIRST];
  private long[] times = new long[FIRST];
  private String[] actions = new String[FIRST];
  private Object[] subjects = new Object[FIRST];
  private Map<String, Integer> earlier = new HashMap<>();

  /** Whether the event entered. */
  boolean fold(Event event, long offset, long timestamp) {
    if (offset <= folded || knows(event.eventId)) return false;
    long at = Math.min(event.timeMs, timestamp + SKEW_MS);
    if (events == 0 || at > last + GAP_MS) open(at);
    else if (at < origin - GAP_MS) return false;
    folded = offset;
    events++;
    last = Math.max(last, at);
    int rows = Math.min(event.items.size(), ITEMS);
    if (rows == 0) add(event.eventId, at, event.action, event.query);
    for (int row = 0; row < rows; row++) add(event.eventId, at, event.action, event.items.get(row));
    if (height > MOST) truncate();
    return true;
  }

  /** Whether it holds one event alone. */
  boolean first() {
    return events == 1;
  }

  /** The offset of the last event that entered. */
  long folded() {
    return folded;
  }

  /** The window, a line a row. */
  String lines() {
    StringBuilder lines = new StringBuilder(64 * height);
    for (int row = 0; row < height; row++) {
      lines.append(row).append(' ').append((times[row] - origin) / 60_000).append("m ").append(actions[row]);
      if (subjects[row] instanceof Event.Item item) {
        lines.append(' ').append(item.id).append(" \"").append(item.title).append("\" ").append(item.category);
        lines.append(' ').append(item.brand).append(' ').append(item.price);
      } else if (subjects[row] != null) {
        lines.append(" \"").append(subjects[row]).append('"');
      }
      lines.append('\n');
    }
    return lines.toString();
  }

  /** A part of the digest that benchmarks/peers/folding.py reports. */
  long digest(String shopper) {
    CRC32 crc = new CRC32();
    crc.update((shopper + " " + folded + " " + events + " " + height).getBytes(StandardCharsets.UTF_8));
    return crc.getValue();
  }

  private boolean knows(String id) {
    for (int at = 0; at < height; at++) if (ids[at].equals(id)) return true;
    return false;
  }

  private void open(long at) {
    origin = last = at;
    events = height = 0;
    earlier = new HashMap<>();
  }

  private void add(String id, long at, String action, Object subject) {
    if (height == ids.length) {
      int longer = height * 2;
      ids = Arrays.copyOf(ids, longer);
      times = Arrays.copyOf(times, longer);
      actions = Arrays.copyOf(actions, longer);
      subjects = Arrays.copyOf(subjects, longer);
    }
    ids[height] = id;
    times[height] = at;
    actions[height] = action;
    subjects[height++] = subject;
  }

  /** The oldest rows become a tally of categories and brands; no event is cut in two. */
  private void truncate() {
    int cut = height - LEFT;
    while (cut > 0 && ids[cut].equals(ids[cut - 1])) cut--;
    for (int at = 0; at < cut; at++) {
      if (subjects[at] instanceof Event.Item item) {
        if (item.category != null) earlier.merge("c" + item.category, 1, Integer::sum);
        if (item.brand != null) earlier.merge("b" + item.brand, 1, Integer::sum);
      }
    }
    int rest = height - cut;
    System.arraycopy(ids, cut, ids, 0, rest);
    System.arraycopy(times, cut, times, 0, rest);
    System.arraycopy(actions, cut, actions, 0, rest);
    System.arraycopy(subjects, cut, subjects, 0, rest);
    Arrays.fill(ids, rest, height, null);
    Arrays.fill(subjects, rest, height, null);
    height = rest;
  }
}
