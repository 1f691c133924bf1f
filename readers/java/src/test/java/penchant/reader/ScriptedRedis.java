package penchant.reader;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;

/**
 * A server that has an intent under every key, the key as its category, and answers as often as it may. It has no packed
 * field under keys with {@code old} in them.
 */
final class ScriptedRedis implements AutoCloseable {
    private static final Map<String, String> HELD = Map.ofEntries(
            Map.entry("schema", "1"), Map.entry("position", "0:5:0"), Map.entry("source", "model"),
            Map.entry("as_of", "9000"), Map.entry("written_at", "9250"), Map.entry("stage", "compare"),
            Map.entry("mission", "gift"), Map.entry("brand", ""), Map.entry("confidence", "0.7"),
            Map.entry("price_low", ""), Map.entry("price_high", ""), Map.entry("doc", "{}"));

    private final ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());

    /** How many more intents it gives; it waits for a permit for each. */
    final Semaphore permits;

    ScriptedRedis(int permits) throws IOException {
        this.permits = new Semaphore(permits);
        start(this::accept);
    }

    String url() {
        return "redis://127.0.0.1:" + listening.getLocalPort();
    }

    @Override
    public void close() throws IOException {
        permits.release(1_000_000);
        listening.close();
    }

    private void accept() {
        try {
            while (true) {
                Socket socket = listening.accept();
                start(() -> converse(socket));
            }
        } catch (IOException closed) {
            return; // the test is over
        }
    }

    private void converse(Socket socket) {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            for (List<String> words = command(in); !words.isEmpty(); words = command(in)) {
                socket.getOutputStream().write(reply(words).getBytes(StandardCharsets.UTF_8));
            }
        } catch (IOException left) {
            return; // as readers do
        }
    }

    private String reply(List<String> words) {
        if (words.get(0).equals("HELLO")) {
            return "-ERR unknown command 'HELLO'\r\n";
        }
        if (!words.get(0).equals("HMGET")) {
            return words.get(0).equals("PING") ? "+PONG\r\n" : "+OK\r\n";
        }
        permits.acquireUninterruptibly();
        StringBuilder reply = new StringBuilder("*" + (words.size() - 2) + "\r\n");
        for (String name : words.subList(2, words.size())) {
            String value = value(words.get(1), name);
            int length = value == null ? 0 : value.getBytes(StandardCharsets.UTF_8).length;
            reply.append(value == null ? "$-1\r\n" : "$" + length + "\r\n" + value + "\r\n");
        }
        return reply.toString();
    }

    private static String value(String key, String name) {
        if (name.equals("packed")) {
            return key.contains("old") ? null : "1\t1\tcompare\tgift\t" + key + "\t\t\t\t\t0.7\t9000\t9250\tmodel\t-\t\t0:5:0";
        }
        return name.equals("category") ? key : HELD.get(name);
    }

    private static List<String> command(InputStream in) throws IOException {
        String head = line(in);
        List<String> words = new ArrayList<>();
        for (int left = head.isEmpty() ? 0 : Integer.parseInt(head.substring(1)); left > 0; left--) {
            byte[] word = in.readNBytes(Integer.parseInt(line(in).substring(1)));
            words.add(new String(word, StandardCharsets.UTF_8));
            line(in);
        }
        return words;
    }

    private static String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int each = in.read(); each >= 0 && each != '\n'; each = in.read()) {
            line.write(each);
        }
        return line.toString(StandardCharsets.UTF_8).trim();
    }

    private static void start(Runnable work) {
        Thread thread = new Thread(work);
        thread.setDaemon(true);
        thread.start();
    }
}
