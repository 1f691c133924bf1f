package match;

import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.flink.api.java.tuple.Tuple4;
import org.apache.flink.streaming.api.datastream.AsyncDataStream;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.util.CloseableIterator;

/**
 * Penchant's Java clients in Flink's async I/O. Arguments: SERVICE TOKEN REDIS NAMESPACE SHOPPERS CANDIDATES, the last
 * two with commas; "-" is no token. Prints a line a shopper: id, stage, step of the match, and the products, with tabs.
 */
public final class MatchJob {
  private static final int AT_ONCE = 100, TIMEOUT_S = 60;

  public static void main(String[] args) throws Exception {
    StreamExecutionEnvironment flink = StreamExecutionEnvironment.createLocalEnvironment(1);
    DataStream<String> shoppers = flink.fromData(args[4].split(","));
    String token = args[1].equals("-") ? "" : args[1];
    FindMatches find = new FindMatches(args[0], token, args[2], args[3], List.of(args[5].split(",")));
    DataStream<Tuple4<String, String, String, String>> found =
        AsyncDataStream.unorderedWait(shoppers, find, TIMEOUT_S, TimeUnit.SECONDS, AT_ONCE);
    try (CloseableIterator<Tuple4<String, String, String, String>> rows = found.executeAndCollect()) {
      rows.forEachRemaining(row -> System.out.println(String.join("\t", row.f0, row.f1, row.f2, row.f3)));
    }
  }
}
