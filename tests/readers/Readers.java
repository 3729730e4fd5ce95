import java.io.File;
import java.io.FileReader;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
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

/** Reads graph files with programs of others: the official schemas (as JGraphT ships them) and Gephi's own importers. */
public class Readers {
    public static void main(String[] args) throws Exception {
        for (String name : args) {
            boolean gexf = name.endsWith(".gexf");
            validate(new File(name), gexf ? new String[] {"viz.xsd", "gexf.xsd"} : new String[] {"xlink.xsd", "graphml.xsd"});
            read(new File(name), gexf ? new ImporterGEXF() : new ImporterGraphML());
        }
    }

    private static void validate(File file, String[] schemas) throws Exception {
        List<Source> sources = new ArrayList<>();
        for (String schema : schemas) {
            InputStream stream = Readers.class.getClassLoader().getResourceAsStream(schema);
            sources.add(new StreamSource(stream, schema));
        }
        SchemaFactory factory = SchemaFactory.newInstance(XMLConstants.W3C_XML_SCHEMA_NS_URI);
         
        factory.newSchema(sources.toArray(new Source[0])).newValidator().validate(new StreamSource(file));
        System.out.println("valid");
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
            System.out.println("node\t" + node.getId() + "\t" + node.getLabel());
        }
        for (EdgeDraft edge : container.getEdges()) {
            System.out.println("edge\t" + edge.getId() + "\t" + edge.getSource().getId() + "\t" + edge.getLabel() + "\t" + edge.getTarget().getId()
                + "\t" + edge.getDirection() + "\t" + edge.getWeight());
        }
        java.util.Iterator<Issue> issues = report.getIssues(100);
        while (issues.hasNext()) {
            System.out.println("issue\t" + issues.next());
        }
    }

}
