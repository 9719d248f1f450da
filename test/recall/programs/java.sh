#!/bin/sh
# Compiler and virtual machine: classes, files, sockets, a program of its own.
set -eu
cat >Main.java <<'JAVA'
import java.io.*;
import java.net.*;
import java.nio.file.*;
import java.util.concurrent.*;
import java.util.zip.*;

public class Main {
  record Pair(String name, int value) {}

  public static void main(String[] args) throws Exception {
    Path folder = Files.createTempDirectory(Path.of("/scratch"), "java");
    Files.writeString(folder.resolve("file"), "x");
    Files.copy(folder.resolve("file"), folder.resolve("copy"));
    try (var random = new RandomAccessFile(folder.resolve("random").toFile(), "rw")) { random.writeInt(new Pair("a", 1).value()); }
    try (var zip = new ZipOutputStream(new FileOutputStream("/scratch/file.zip"))) { zip.putNextEntry(new ZipEntry("a")); }
    var pool = Executors.newFixedThreadPool(4);
    for (int n = 0; n < 20; n++) {
      int number = n;
      pool.submit(() -> Files.writeString(folder.resolve("part" + number), "x"));
    }
    pool.shutdown();
    pool.awaitTermination(1, TimeUnit.MINUTES);
    try (var server = new ServerSocket(9000, 5, InetAddress.getByName("127.0.0.1"))) {
      var client = new Socket(InetAddress.getByName("127.0.0.1"), 9000);
      server.accept().close();
      client.close();
    }
    try { new Socket("127.0.0.1", 9001); } catch (ConnectException expected) { }
    new ProcessBuilder("/bin/cat", "/etc/hostname").redirectOutput(new File("/scratch/output")).start().waitFor();
  }
}
JAVA
javac -J-Xshare:off -d classes Main.java
java -cp classes Main
