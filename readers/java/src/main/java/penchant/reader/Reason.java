package penchant.reader;

/** Why an intent is missing. */
public enum Reason {
    /** It is there. */
    NONE,
    /** No intent is known. */
    ABSENT,
    /** What was asked for is no id. */
    ID,
    /** The shopper did not agree to the purpose that was asked with. */
    PURPOSE,
    /** No reply in time. */
    TIMEOUT,
    /** The server failed a moment ago and is left alone. */
    CIRCUIT,
    /** The server could not be asked. */
    UNAVAILABLE,
    /** What it holds cannot be read. */
    UNREADABLE,
    /** The service will not have the request: a token, or a language, is wrong. Of matches alone. */
    REFUSED
}
