package digest

import (
	"fmt"
	"html/template"
	"strings"
	"testing"
	"text/template/parse"

	"utkik/internal/match"
)

// TestSoonIsShort folds what draws near by date, and only counts what we may probably not apply for.
func TestSoonIsShort(t *testing.T) {
	t.Parallel()
	d := build(t, soon(""))
	got := strings.Join(strings.Fields(Text(d)), " ")
	for _, want := range []string{
		"Stänger snart (3)",
		"* «Laddinfrastruktur» för tunga vägtransporter på fastigheter med lastning och lossning Tisdag 5 maj, om 12 dagar. Infrastruktur och hållbara transporter. https",
		"2 till stänger senare.",
		"Öppnar snart (1)",
		"Tisdag 5 maj, om 12 dagar; stänger 4 augusti, 1,8 miljoner euro. Forskning och innovation: ”Cities show how they help new ideas into «use».”",
		"Därtill 1 som vi troligen inte kan söka.",
		"3 poster är bara räknade här för att brevet inte ska bli för långt. Alla visas med: utkik digest",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("text lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, "CORECOEN") {
		t.Error("what we may probably not apply for is spelt out")
	}
	html, err := HTML(d)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(html), "<details") || !strings.Contains(string(html), "BOOST Call for Proposals") {
		t.Error("html does not hold what is folded")
	}
}

// TestTemplateBranches marks the beginning of every list of nodes in the template, lays out all the days, and
// looks for each mark: a branch that no day reaches is one whose fields nobody has checked.
func TestTemplateBranches(t *testing.T) {
	t.Parallel()
	source, err := TemplateSource(HTMLTemplate)
	if err != nil {
		t.Fatal(err)
	}
	tmpl, err := template.New("digest").Parse(string(source))
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
	for _, part := range tmpl.Templates() {
		walk(part.Tree.Root)
	}
	var b strings.Builder
	for _, in := range []Input{normalDay(), baselineDay(), emptyDay(), brokenDay(), longDay(), hostileDay(), english(), foldedWithoutLink(), decided(), linkedDay(), soon("https://utkik.example.se/brev"), soon("")} {
		d := build(t, in)
		if err := tmpl.Execute(&b, lay(&d)); err != nil {
			t.Fatal(err)
		}
	}
	for _, in := range []Input{linkedTo(normalDay()), linkedTo(soon(""))} {
		r := strategist(in)
		r.Foot.Pause = "https://utkik.example.org/a/p"
		d := read(t, in, r, "sv")
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

// soon has more near dates than are shown, and one call that we may probably not apply for.
func soon(more string) Input {
	in := normalDay()
	in.Changes, in.More = nil, more
	in.Horizon.Soon, in.Horizon.ClosingDays = 1, 21
	in.Calls[3].Call.Opens = day("2026-04-30")
	in.Calls[10].Call.URL = ""
	return in
}

// decided has an item by a person's decision, one against which the plan's own words speak, and a doubtful one
// in two priorities.
func decided() Input {
	in := normalDay()
	in.Calls[0].Results[0].Reasons[0] = reason("Projektkontoret: länet är redan med i nätverket.", "«Facilitating cooperation among energy communities»", "ref", "always", 50)
	in.Calls[0].Results[0].Reasons[1] = reason("Miljö och klimat: kärnkraft, nuclear", "Not for «nuclear» power.", "text", "kärnkraft", -2)
	in.Calls[2].Results[0].Reasons = append(in.Calls[2].Results[0].Reasons, match.Reason{Kind: match.KindRule, PriorityText: "Kompetensförsörjning", Field: "action_types", Term: "prize", Weight: -1})
	in.Calls[1].Results = append(in.Calls[1].Results, result("miljo-klimat", .6, reason("Bara statliga myndigheter får söka.", "Reserved to «national authorities».", "eligible", "member states' authorities", -1)))
	in.Calls[3].Results[0].Reasons = in.Calls[3].Results[0].Reasons[:2]
	return in
}

func TestWhy(t *testing.T) {
	t.Parallel()
	got := strings.Join(strings.Fields(Text(build(t, decided()))), " ")
	for _, want := range []string{
		"Beslutat hos oss: ”Projektkontoret: länet är redan med i nätverket.” Räknas inte hit: ”Not for «nuclear» power.”",
		"Området: ”Yrkesutbildning i samverkan med arbetslivet hör hit.” Beteckningen ”ERASMUS-EDU-2026-PEX-COVE” hör hit.",
		"Talar emot: Bara statliga myndigheter får söka. Om sökande står det: ”Reserved to «national authorities».” Även: Näringsliv och Miljö och klimat.",
		"Utlysningskoden ”CEF-T-2026-CORECOEN” hör hit. Talar emot: Pengarna är avsatta",
		"Talar emot: Pengarna är avsatta för sammanhållningsländerna; Sverige är inte ett av dem. Hör till Infrastruktur och hållbara transporter.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("text lacks %q:\n%s", want, got)
		}
	}
}
