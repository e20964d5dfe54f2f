package schemaregistry.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.util.EnumSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import schemaregistry.v1.Registry.Verdict;

/** The error of a call: the registry's refusal, or {@code UNAVAILABLE} where it could not be reached. */
public final class Refused extends RuntimeException {

    private static final Set<Status.Code> UNREACHED =
            EnumSet.of(Status.Code.UNAVAILABLE, Status.Code.DEADLINE_EXCEEDED);

    private final Status.Code code;
    private String reason = "";
    private String pointer;
    private transient Map<String, String> metadata = Map.of();
    private transient Verdict verdict;

    private Refused(Status.Code code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** The error of a call to {@code target}; it names the proxy, where that may be why no answer came. */
    static Refused of(Throwable failure, String target) {
        Status status = Status.fromThrowable(failure);
        com.google.rpc.Status rich = StatusProto.fromThrowable(failure);
        boolean told = rich != null && rich.getDetailsCount() > 0;
        String message = told || !UNREACHED.contains(status.getCode())
                ? status.getDescription()
                : Proxies.of(target)
                        .map(proxy -> "%s gave no answer by way of %s: %s".formatted(target, proxy, status.getDescription()))
                        .orElse(status.getDescription());
        Refused refused = new Refused(status.getCode(), message, failure);
        if (status.getCause() instanceof ShownToken.NoToken missing) {
            refused.reason = missing.reason();
        }
        if (told) {
            rich.getDetailsList().forEach(refused::take);
        }
        return refused;
    }

    private void take(Any detail) {
        try {
            if (detail.is(ErrorInfo.class)) {
                ErrorInfo info = detail.unpack(ErrorInfo.class);
                reason = info.getReason();
                metadata = info.getMetadataMap();
            } else if (detail.is(BadRequest.class)) {
                pointer = detail.unpack(BadRequest.class).getFieldViolations(0).getField();
            } else if (detail.is(Verdict.class)) {
                verdict = detail.unpack(Verdict.class);
            }
        } catch (InvalidProtocolBufferException unreadable) {
            addSuppressed(unreadable);
        }
    }

    /** The canonical code. */
    public Status.Code code() {
        return code;
    }

    /** A stable UPPER_SNAKE name, empty where the registry was not reached. */
    public String reason() {
        return reason;
    }

    /** The JSON pointer (RFC 6901) to the fault in the document, where it is at a single place. */
    public Optional<String> pointer() {
        return Optional.ofNullable(pointer);
    }

    /** Further values by name: near names, fingerprints. */
    public Map<String, String> metadata() {
        return metadata;
    }

    /** The verdict on a version that was refused as incompatible. */
    public Optional<Verdict> verdict() {
        return Optional.ofNullable(verdict);
    }
}
