import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.configuration.connectors.BoltConnector;
import org.neo4j.configuration.connectors.HttpConnector;
import org.neo4j.configuration.helpers.SocketAddress;
import org.neo4j.dbms.api.DatabaseManagementService;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilder;
import org.neo4j.io.ByteUnit;
import org.neo4j.server.configuration.ServerSettings;

/**
 * A Neo4j Community server on loopback without an installation: java -cp 'LIB/*:CLASSES' Neo4jServer HOME BOLT [HTTP].
 *
 * Data lives in HOME, and settings in HOME/neo4j.conf where there is one. User neo4j gets the password of
 * NEO4J_PASSWORD. With a third argument Neo4j Browser is served on that port.
 */
public class Neo4jServer {
    public static void main(String[] args) throws Exception {
        var password = System.getenv("NEO4J_PASSWORD");
        if (password == null || password.length() < 8) {
            System.err.println("set NEO4J_PASSWORD to the password (8 characters or more) that user neo4j shall have");
            System.exit(1);
        }
        var home = Files.createDirectories(Path.of(args[0]));
        var bolt = new SocketAddress("127.0.0.1", Integer.parseInt(args[1]));
        var builder = new DatabaseManagementServiceBuilder(home)
            .setConfig(GraphDatabaseSettings.auth_enabled, true)
            .setConfig(GraphDatabaseSettings.udc_enabled, false)
            .setConfig(ServerSettings.allow_telemetry, false)
            .setConfig(GraphDatabaseSettings.pagecache_memory, ByteUnit.mebiBytes(256))
            .setConfig(BoltConnector.enabled, true)
            .setConfig(BoltConnector.listen_address, bolt)
            .setConfig(BoltConnector.advertised_address, bolt)
            .setConfig(HttpConnector.enabled, args.length > 2);
        if (args.length > 2) {
            builder.setConfig(HttpConnector.listen_address, new SocketAddress("127.0.0.1", Integer.parseInt(args[2])));
        }
        if (Files.exists(home.resolve("neo4j.conf"))) {
            builder.loadPropertiesFromFile(home.resolve("neo4j.conf"));
        }
        var server = start(builder);
        Runtime.getRuntime().addShutdownHook(new Thread(server::shutdown));
        server.database("system").executeTransactionally(
            "ALTER USER neo4j SET PASSWORD $password CHANGE NOT REQUIRED", Map.of("password", password));
        System.out.println("Neo4j answers at neo4j://127.0.0.1:" + args[1]
            + (args.length > 2 ? ", Neo4j Browser at http://127.0.0.1:" + args[2] + "/browser/" : "")
            + "; data in " + home + "; Ctrl-C stops it");
        Thread.currentThread().join();
    }

    private static DatabaseManagementService start(DatabaseManagementServiceBuilder builder) {
        try {
            return builder.build();
        } catch (RuntimeException failure) {
            Throwable cause = failure;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            System.err.println("the server does not start: " + cause.getMessage());
            System.exit(1);
            throw failure;
        }
    }
}
