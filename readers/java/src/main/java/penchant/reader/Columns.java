package penchant.reader;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalDouble;

/**
 * An intent as numbers in a fixed order, the same as the Python reader's, from hot fields alone.
 *
 * <p>A model that was trained on one version is served with that version: the fingerprint says which columns it means.
 */
public final class Columns {
    /** Raised when a column changes its meaning or its place; new ones are added at the end and raise it too. */
    public static final int VERSION = 1;

    /** The columns in their order. */
    public static final List<String> NAMES = List.of(
            "known", "stage_explore", "stage_compare", "stage_decide", "stage_cart", "stage_purchase", "confidence",
            "price_known", "price_low", "price_high", "category_depth", "brand_known", "by_model", "age_s",
            "freshness");

    /** Of the version and the names in their order. */
    public static final String FINGERPRINT = fingerprint();

    private static final List<String> STAGES = List.of("explore", "compare", "decide", "cart", "purchase");
    private static final double HALF_LIFE_S = 600;

    private Columns() {}

    /** The intent's numbers; all are 0 when it is missing. */
    public static double[] vector(ReadIntent intent) {
        double[] row = new double[NAMES.size()];
        if (intent.missing()) {
            return row;
        }
        OptionalDouble low = intent.priceLow();
        OptionalDouble high = intent.priceHigh();
        double ageS = Math.max(intent.readAtMs() - intent.asOfMs(), 0) / 1e3;
        row[0] = 1;
        int stage = STAGES.indexOf(intent.stage());
        if (stage >= 0) {
            row[1 + stage] = 1;
        }
        row[6] = Math.min(Math.max(intent.confidence(), 0), 1);
        row[7] = low.isPresent() && high.isPresent() ? 1 : 0;
        row[8] = low.orElse(0);
        row[9] = high.orElse(0);
        row[10] = intent.category().isEmpty() ? 0 : 1 + intent.category().chars().filter(each -> each == '/').count();
        row[11] = intent.brand().isEmpty() ? 0 : 1;
        row[12] = intent.source().equals("model") ? 1 : 0;
        row[13] = ageS;
        row[14] = Math.pow(0.5, ageS / HALF_LIFE_S);
        return row;
    }

    /** A row for each intent, in the order given. */
    public static double[][] matrix(List<ReadIntent> intents) {
        return intents.stream().map(Columns::vector).toArray(double[][]::new);
    }

    private static String fingerprint() {
        byte[] told = (VERSION + ":" + String.join(",", NAMES)).getBytes(StandardCharsets.UTF_8);
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(told)).substring(0, 16);
        } catch (NoSuchAlgorithmException error) {
            throw new IllegalStateException("every Java has SHA-256", error);
        }
    }
}
