package ingest;

import com.fasterxml.jackson.core.JsonFactory;
import java.io.IOException;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.java.tuple.Tuple4;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.util.Collector;

/** Records are validated and folded into keyed state on the heap. */
abstract class Fold<T> extends KeyedProcessFunction<String, Tuple4<String, byte[], Long, Long>, T> {
  private transient JsonFactory json;
  private transient ValueState<Session> state;

  /** A record was folded; `entered` says whether it changed the session. */
  abstract void folded(Event event, Session session, boolean entered, Collector<T> out);

  @Override
  public void open(OpenContext context) {
    json = new JsonFactory();
    state = getRuntimeContext().getState(new ValueStateDescriptor<>("session", Session.class));
  }

  @Override
  public void processElement(Tuple4<String, byte[], Long, Long> record, Context context, Collector<T> out)
      throws Exception {
    Event event = Event.read(json, record.f1);
    if (!event.shopperId.equals(record.f0)) throw new IOException("the key is another shopper's");
    Session session = state.value();
    if (session == null) session = new Session();
    boolean entered = session.fold(event, record.f2, record.f3);
    state.update(session);
    folded(event, session, entered, out);
  }
}
