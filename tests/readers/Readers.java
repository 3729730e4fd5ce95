import java.io.File;
import java.io.FileReader;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Iterator;
import javax.xml.XMLConstants;
import javax.xml.transform.Source;
import javax.xml.transform.stream.StreamSource;
import javax.xml.validation.SchemaFactory;
import org.gephi.io.importer.api.EdgeDraft;
import org.gephi.io.importer.api.Issue;
import org.gephi.io.importer.api.NodeDraft;
import org.gephi.io.importer.api.Report;
import org.gephi.io.importer.impl.ImportContainerImpl;
import org.gephi.io.importer.plugin.file.ImporterGEXF;
import org.gephi.io.importer.plugin.file.ImporterGraphML;
import org.gephi.io.importer.spi.FileImporter;

/** Validates files against the official schemas, as JGraphT ships them, and prints what Gephi's importers find in them. */
public class Readers {
    public static void main(String[] args) throws Exception {
        for (String name : args) {
            File file = new File(name);
            boolean isGexf = name.endsWith(".gexf");
            String text = Files.readString(file.toPath());
            // The schema of GEXF 1.2 puts a position into its own namespace, where no program looks for it.
            validate(isGexf ? text.replace("<viz:", "<") : text, isGexf ? "viz.xsd" : "xlink.xsd", isGexf ? "gexf.xsd" : "graphml.xsd");
            System.out.println("valid\t" + file.getName());
            read(file, isGexf ? new ImporterGEXF() : new ImporterGraphML());
        }
    }

    private static void validate(String text, String... schemas) throws Exception {
        Source[] sources = new Source[schemas.length];
        for (int i = 0; i < schemas.length; i++) {
            sources[i] = new StreamSource(Readers.class.getClassLoader().getResourceAsStream(schemas[i]), schemas[i]);
        }
        SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI).newSchema(sources).newValidator()
            .validate(new StreamSource(new StringReader(text)));
    }

    private static void read(File file, FileImporter importer) throws Exception {
        ImportContainerImpl container = new ImportContainerImpl();
        Report report = new Report();
        container.setReport(report);
        importer.setReader(new FileReader(file, StandardCharsets.UTF_8));
        importer.execute(container);
        container.verify();
        container.closeLoader();
        for (NodeDraft node : container.getNodes()) {
            System.out.println("node\t" + node.getLabel() + "\t" + node.getX() + "\t" + node.getY());
        }
        for (EdgeDraft edge : container.getEdges()) {
            System.out.println("edge\t" + edge.getSource().getLabel() + "\t" + edge.getLabel() + "\t" + edge.getTarget().getLabel()
                + "\t" + edge.getDirection());
        }
        for (Iterator<Issue> issues = report.getIssues(100); issues.hasNext();) {
            System.out.println("issue\t" + issues.next().getMessage());
        }
    }
}
