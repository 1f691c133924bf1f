package ingest;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** Seconds since the first record, on the wall and of the whole process: the JIT and the collector count. */
final class Clock {
  private static volatile long beganNs, beganCpuNs;

  static void start() {
    if (beganNs != 0) return;
    beganCpuNs = cpuNs();
    beganNs = System.nanoTime();
  }

  static double seconds() {
    return (System.nanoTime() - beganNs) / 1e9;
  }

  static double cpuSeconds() {
    return (cpuNs() - beganCpuNs) / 1e9;
  }

  private static long cpuNs() {
    return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
  }
}
