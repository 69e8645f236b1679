package digest

import (
	"fmt"
	"html/template"
	"strings"
	"testing"
	"text/template/parse"
)

// TestTemplateBranches marks the beginning of every list of nodes in the template, lays out all the days, and
// looks for each mark: a branch that no day reaches is one whose fields nobody has checked.
func TestTemplateBranches(t *testing.T) {
	t.Parallel()
	tmpl, err := template.New("digest").Parse(htmlSource)
	if err != nil {
		t.Fatal(err)
	}
	var marks []string
	var walk func(*parse.ListNode)
	mark := func(l *parse.ListNode, what string) {
		if l == nil {
			return
		}
		walk(l)
		m := fmt.Sprintf("mark%dm", len(marks))
		marks = append(marks, what)
		// A data attribute would do inside a tag, and words do between tags; both are harmless here.
		l.Nodes = append([]parse.Node{&parse.TextNode{NodeType: parse.NodeText, Text: []byte(" " + m + " ")}}, l.Nodes...)
	}
	walk = func(l *parse.ListNode) {
		for _, n := range l.Nodes {
			switch n := n.(type) {
			case *parse.IfNode:
				mark(n.List, n.String())
				mark(n.ElseList, "else of "+n.String())
			case *parse.RangeNode:
				mark(n.List, n.String())
				mark(n.ElseList, "else of "+n.String())
			case *parse.WithNode:
				mark(n.List, n.String())
				mark(n.ElseList, "else of "+n.String())
			}
		}
	}
	walk(tmpl.Tree.Root)
	var b strings.Builder
	for _, in := range []Input{normalDay(), baselineDay(), emptyDay(), brokenDay(), longDay(), hostileDay(), english(), foldedWithoutLink(), decided()} {
		d := build(t, in)
		if err := tmpl.Execute(&b, lay(&d)); err != nil {
			t.Fatal(err)
		}
	}
	if len(marks) < 20 {
		t.Errorf("only %d branches found", len(marks))
	}
	for i, what := range marks {
		if !strings.Contains(b.String(), fmt.Sprintf("mark%dm", i)) {
			t.Errorf("no day reaches %s", what)
		}
	}
}

// foldedWithoutLink folds and has no page to point to.
func foldedWithoutLink() Input {
	in := longDay()
	in.More = ""
	in.Horizon.Fold = 2
	return in
}

// decided has an item by a person's decision, one against which the plan's own words speak, and a doubtful one
// in two priorities.
func decided() Input {
	in := normalDay()
	in.Calls[0].Results[0].Reasons[0] = reason("Projektkontoret: länet är redan med i nätverket.", "«Facilitating cooperation among energy communities»", "ref", "always", 50)
	in.Calls[0].Results[0].Reasons[1] = reason("Miljö och klimat: kärnkraft, nuclear", "Not for «nuclear» power.", "text", "kärnkraft", -2)
	in.Calls[2].Results[0].Reasons = append(in.Calls[2].Results[0].Reasons, reason("Kompetensförsörjning", "", "text", "", -1))
	in.Calls[1].Results = append(in.Calls[1].Results, result("miljo-klimat", .6, reason("Bara statliga myndigheter får söka.", "Reserved to «national authorities».", "eligible", "member states' authorities", -1)))
	in.Calls[3].Results[0].Reasons = in.Calls[3].Results[0].Reasons[:2]
	return in
}

func TestWhy(t *testing.T) {
	t.Parallel()
	got := strings.Join(strings.Fields(Text(build(t, decided()))), " ")
	for _, want := range []string{
		"Beslutat hos oss: ”Projektkontoret: länet är redan med i nätverket.” Vår aktivitet: ”Följa EU:s miljö- och klimatpolitik tillsammans.” Nätverk: EFNS och AER. Räknas inte hit: ”Not for «nuclear» power.”",
		"Planen om Kompetensförsörjning: ”Yrkesutbildning i samverkan med arbetslivet hör hit.” Utlysningen hör dit genom beteckningen ”ERASMUS-EDU-2026-PEX-COVE”",
		"Talar emot: Bara statliga myndigheter får söka. Om sökande står det: ”Reserved to «national authorities».” Även: Näringsliv och Miljö och klimat.",
		"Planens regel för Infrastruktur och hållbara transporter: ”CEF Transport är länets väg till pengar för spår och väg.” Utlysningen hör dit genom utlysningskoden ”CEF-T-2026-CORECOEN”",
		"Talar emot: Pengarna är avsatta för sammanhållningsländerna; Sverige är inte ett av dem. Hör till Infrastruktur och hållbara transporter.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("text lacks %q:\n%s", want, got)
		}
	}
}
