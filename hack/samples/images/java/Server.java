import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.concurrent.Executors;
import java.util.zip.CRC32;

/**
 * A report service as Java programs usually are: a pool of threads, a properties file beside the classes, a temporary file
 * for each request, a cache of files by checksum, and a counter in redis.
 *
 * <p>GET /report/NAME answers with the report of that name; GET /healthz answers 200.
 */
final class Server {
  private static final Path CACHE = Path.of("/var/cache/reports");

  private static void answer(HttpExchange exchange, int status, String text) throws IOException {
    byte[] body = text.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, body.length);
    try (var out = exchange.getResponseBody()) {
      out.write(body);
    }
  }

  private static String count(Properties settings) throws IOException {
    String host = settings.getProperty("redis.host");
    try (var socket = new Socket(host, 6379)) {
      socket.getOutputStream().write("INCR reports\r\n".getBytes(StandardCharsets.US_ASCII));
      byte[] reply = new byte[64];
      int length = socket.getInputStream().read(reply);
      return new String(reply, 0, Math.max(0, length), StandardCharsets.US_ASCII).strip();
    }
  }

  /** Written beside its place first, as programs do that others may read from at any time. */
  private static String report(String name, Properties settings) throws IOException {
    var checksum = new CRC32();
    checksum.update(name.getBytes(StandardCharsets.UTF_8));
    String hash = String.format("%08x", checksum.getValue());
    Path cached = CACHE.resolve(hash.substring(0, 2)).resolve(hash + ".txt");
    if (Files.exists(cached)) return Files.readString(cached);
    Path draft = Files.createTempFile("report-", ".tmp");
    Files.writeString(draft, "report " + name + "\n" + count(settings) + "\n");
    Files.createDirectories(cached.getParent());
    Files.move(draft, cached);
    return Files.readString(cached);
  }

  private static void handle(HttpExchange exchange, Properties settings) throws IOException {
    String path = exchange.getRequestURI().getPath();
    if (path.equals("/healthz")) {
      answer(exchange, 200, "ok\n");
      return;
    }
    try {
      answer(exchange, 200, report(path.replaceFirst("^/report/", ""), settings));
    } catch (IOException failure) {
      answer(exchange, 503, failure + "\n");
    }
  }

  public static void main(String[] arguments) throws IOException {
    var settings = new Properties();
    try (var in = Files.newInputStream(Path.of("/srv/reports/reports.properties"))) {
      settings.load(in);
    }
    var server = HttpServer.create(new InetSocketAddress(8080), 64);
    server.createContext("/", exchange -> handle(exchange, settings));
    server.setExecutor(Executors.newFixedThreadPool(4));
    server.start();
  }
}
