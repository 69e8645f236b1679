package draft

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"utkik/internal/text"
)

// overall are priorities that are none: their rows serve all the others.
var overall = []string{"övergripande", "kommunikation", "informationsspridning", "allmänt", "gemensamt", "uppföljning", "samordning", "omvärldsbevakning", "administration", "övrigt"}

// priority is one that is being made of rows.
type priority struct {
	id, name string
	doubts   []string
	goals    []int
	rows     []Row
	stems    []string // of its name
}

// YAML writes a plan file of that id; an empty one is made of the title. Whoever writes it to a file reads
// it through first: config.DecodePlan takes it as it is, but only people know what their plan means.
func (o *Outline) YAML(id string) []byte {
	l := newLexicon()
	ps, serving := o.priorities(l)
	subjects := make([]subject, len(ps))
	for i, p := range ps {
		var own, shared strings.Builder
		for _, r := range p.rows {
			if len(items(r.Heading)) > 1 {
				shared.WriteString(r.Text + "\n")
			} else {
				own.WriteString(r.Text + "\n")
			}
		}
		subjects[i] = subject{p.name, own.String(), shared.String()}
	}
	terms := l.vocabularies(subjects, o.names)
	w := writer{}
	w.line(0, "# Utkast, gjort av planens text med `utkik plan draft`. Läs igenom allt; det som är osäkert är märkt \"granska:\".")
	w.line(0, "# Mål, delmål och aktiviteter är planens egna ord. Beskrivningar, ordlistor, engelska och avdelningar är förslag.")
	w.line(0, "# doc/plans.md förklarar nycklarna. Kontrollera med `utkik plan check FIL`. Namn på personer hör inte hemma här.")
	w.line(0, "id: "+plain(cmp.Or(id, slug(o.Title), "plan")))
	w.line(0, "name: "+plain(o.Title)+review("är det planens namn?"))
	if o.Authority == "" {
		w.line(0, "authority: okänd"+review("vems plan är det?"))
	} else {
		w.line(0, "authority: "+plain(o.Authority)+review("den som texten nämner mest"))
	}
	w.line(0, "language: sv")
	document := o.Title
	if o.Document != "" {
		document += ", " + o.Document
	}
	w.line(0, "document: "+plain(document))
	w.line(0, "")
	w.line(0, "goals:")
	goals := ids{}
	goalIDs := make([]string, len(o.Goals))
	for i, g := range o.Goals {
		goalIDs[i] = goals.next(slug(g.Name), "mal")
		w.line(1, "- id: "+goalIDs[i])
		w.line(2, "name: "+plain(cmp.Or(g.Name, o.Title))+review(g.Assumed))
		if len(g.Aims) > 0 {
			w.line(2, "aims:")
			for _, a := range g.Aims {
				w.line(3, "- "+plain(a.Name))
			}
		}
		if len(serving[i]) > 0 {
			w.line(2, "activities:"+review("rader som verkar gälla alla prioriteringar"))
			w.rows(serving[i])
		}
	}
	if len(o.Networks) > 0 {
		w.line(0, "")
		w.line(0, "networks:")
		for _, n := range o.Networks {
			w.line(1, "- {id: "+flow(n.ID)+", name: "+flow(n.Name)+"}"+review(n.Doubt))
		}
	}
	w.line(0, "")
	w.line(0, "departments:"+review("vilka avdelningar ska få vad, och i vilken ordning?"))
	w.line(1, "- id: alla")
	w.line(2, "name: Alla")
	w.line(2, "name_en: All")
	all := make([]string, len(ps))
	for i, p := range ps {
		all[i] = p.id
	}
	w.line(2, "priorities: ["+strings.Join(all, ", ")+"]")
	w.line(0, "")
	w.line(0, "priorities:")
	for i, p := range ps {
		w.priority(p, goalIDs, terms[i])
	}
	return w.b.Bytes()
}

// priorities makes priorities of the tables' headings, and gives beside them, by goal, the rows that serve
// all. Headings that say the same are one priority.
func (o *Outline) priorities(l *lexicon) (ps []*priority, serving [][]Row) {
	serving = make([][]Row, len(o.Goals))
	taken := ids{}
	for _, t := range o.Tables {
		for _, r := range t.Rows {
			items := items(cmp.Or(spoken(r.Heading), spoken(t.Title), spoken(o.Goals[t.Goal].Name), "Prioritering"))
			if len(items) == 1 && slices.Contains(overall, strings.ToLower(strings.TrimRight(items[0], ".: "))) {
				serving[t.Goal] = append(serving[t.Goal], filled(r, items[0]))
				continue
			}
			for _, name := range items {
				stems := l.stems(name)
				i := slices.IndexFunc(ps, func(p *priority) bool { return same(p, name, stems, len(items) > 1) })
				if i < 0 {
					short := clip(name, 80)
					p := &priority{id: taken.next(slug(short), "prioritering"), name: short, stems: stems}
					if short != name {
						p.doubts = append(p.doubts, "rubriken är lång; ge prioriteringen ett kort namn")
					}
					ps = append(ps, p)
					i = len(ps) - 1
				} else if !strings.EqualFold(ps[i].name, name) {
					if d := fmt.Sprintf("hit räknas också rubriken %q", name); !slices.Contains(ps[i].doubts, d) {
						ps[i].doubts = append(ps[i].doubts, d)
					}
				}
				if !slices.Contains(ps[i].goals, t.Goal) {
					ps[i].goals = append(ps[i].goals, t.Goal)
				}
				ps[i].rows = append(ps[i].rows, filled(r, name))
			}
		}
	}
	if len(ps) == 0 { // all rows serve all: the plan itself is the one priority
		p := &priority{id: "planen", name: clip(o.Title, 80), doubts: []string{"planens tabeller nämner inga prioriteringar"}}
		for i := range serving {
			if len(serving[i]) > 0 {
				p.goals = append(p.goals, i)
				p.rows = append(p.rows, serving[i]...)
				serving[i] = nil
			}
		}
		ps = append(ps, p)
	}
	return ps, serving
}

// filled gives r with something in each cell.
func filled(r Row, heading string) Row {
	if r.Text == "" {
		r.Text, r.Doubt = heading, cmp.Or(r.Doubt, "raden har ingen aktivitet; rubriken står i dess ställe")
	}
	r.Heading = cmp.Or(r.Heading, heading)
	return r
}

var bullet = regexp.MustCompile(`(?:^|\s)[-–•]\s*(\p{Lu})`)

// items cuts a heading that is a list.
func items(heading string) []string {
	if len(bullet.FindAllString(heading, 2)) < 2 {
		return []string{strings.TrimSpace(strings.TrimLeft(heading, "-–• "))}
	}
	var out []string
	for _, s := range strings.Split(bullet.ReplaceAllString(heading, "\n$1"), "\n") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// spoken gives s if it holds a letter.
func spoken(s string) string {
	if strings.ContainsFunc(s, unicode.IsLetter) {
		return s
	}
	return ""
}

// stems gives the words of a name that tell what it is about.
func (l *lexicon) stems(name string) []string {
	var out []string
	for _, w := range text.Words(name) {
		for _, part := range append(text.Parts(w.Text), w.Text) {
			if !l.stopped(part) && utf8.RuneCountInString(part) > 2 {
				out = append(out, stem(part))
			}
		}
	}
	return out
}

// same tells whether a heading is of a priority that stands already: by its name, or, in a list of
// several, by its first word or all of its words.
func same(p *priority, name string, stems []string, listed bool) bool {
	if strings.EqualFold(p.name, name) {
		return true
	}
	if len(stems) == 0 || len(p.stems) == 0 {
		return false
	}
	inside := !slices.ContainsFunc(stems, func(s string) bool { return !slices.Contains(p.stems, s) })
	return listed && (inside || stems[0] == p.stems[0]) || inside && len(stems) == len(p.stems)
}

type writer struct{ b bytes.Buffer }

func (w *writer) line(indent int, s string) {
	w.b.WriteString(strings.Repeat("  ", indent) + s + "\n")
}

func (w *writer) priority(p *priority, goals []string, terms []suggestion) {
	w.line(1, "- id: "+p.id)
	w.line(2, "name: "+plain(p.name)+review(p.doubts...))
	own := make([]string, len(p.goals))
	for i, g := range p.goals {
		own[i] = goals[g]
	}
	w.line(2, "goals: ["+strings.Join(own, ", ")+"]")
	w.line(2, review("beskriv vad som hör hit i egna hela meningar; motiveringar citerar dem. Nu står här aktiviteterna.")[1:])
	var texts []string
	for _, r := range p.rows {
		s := strings.TrimRight(r.Text, " ")
		if !strings.HasSuffix(s, ".") {
			s += "."
		}
		if !slices.Contains(texts, s) {
			texts = append(texts, s)
		}
	}
	w.line(2, "text: "+plain(clip(strings.Join(texts, " "), 900)))
	w.line(2, "activities:")
	w.rows(p.rows)
	w.line(2, "vocabulary:"+review("stryk det som är för allmänt, lägg till det som saknas, ge 3 åt det som är ämnet självt"))
	for _, t := range terms {
		s := "- {sv: " + flow(t.sv)
		if len(t.en) > 0 {
			en := make([]string, len(t.en))
			for i := range t.en {
				en[i] = flow(t.en[i])
			}
			s += ", en: [" + strings.Join(en, ", ") + "]"
		}
		w.line(3, fmt.Sprintf("%s, weight: %d}%s", s, t.weight, review(t.note)))
	}
}

func (w *writer) rows(rows []Row) {
	for _, r := range rows {
		w.line(3, "- heading: "+plain(r.Heading)+review(r.Doubt))
		w.line(4, "text: "+plain(r.Text))
		for _, list := range []struct {
			key   string
			items []string
		}{{"networks", r.Networks}, {"with", r.With}} {
			if len(list.items) == 0 {
				continue
			}
			quoted := make([]string, len(list.items))
			for i, s := range list.items {
				quoted[i] = flow(s)
			}
			w.line(4, list.key+": ["+strings.Join(quoted, ", ")+"]")
		}
	}
}

// review makes the comment that marks what people must look at; none of nothing.
func review(doubts ...string) string {
	doubts = slices.DeleteFunc(slices.Clone(doubts), func(s string) bool { return s == "" })
	if len(doubts) == 0 {
		return ""
	}
	return " # granska: " + strings.Join(strings.Fields(strings.Join(doubts, "; ")), " ")
}

var (
	unquoted = regexp.MustCompile(`^\p{L}[\p{L}\p{N} ,.()/–;!?%-]*$`)
	meaning  = regexp.MustCompile(`(?i)^(true|false|yes|no|on|off|null|y|n)$`)
)

// plain writes a value so that YAML reads the same words.
func plain(s string) string {
	if unquoted.MatchString(s) && !meaning.MatchString(s) && !strings.HasSuffix(s, " ") {
		return s
	}
	return quote(s)
}

// flow is plain inside of brackets, where a comma has a meaning.
func flow(s string) string {
	if strings.ContainsAny(s, ",?") {
		return quote(s)
	}
	return plain(s)
}

func quote(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b) // a JSON text is a YAML text
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return `""` // unreachable: a string can be encoded
	}
	return strings.TrimSpace(b.String())
}

// ids gives each id once.
type ids map[string]bool

func (used ids) next(id, otherwise string) string {
	id = cmp.Or(id, otherwise)
	out := id
	for n := 2; used[out]; n++ {
		out = fmt.Sprintf("%s-%d", id, n)
	}
	used[out] = true
	return out
}

var joints = regexp.MustCompile(`[^a-z0-9]+`)

// slug makes an id of a name: small letters without marks, cut after a word.
func slug(name string) string {
	s := strings.NewReplacer("å", "a", "ä", "a", "ö", "o", "é", "e", "ü", "u", ":s", "").Replace(strings.ToLower(name))
	s = strings.Trim(joints.ReplaceAllString(s, "-"), "-")
	const longest = 40
	if len(s) > longest {
		s = s[:longest]
		if i := strings.LastIndexByte(s, '-'); i > 10 {
			s = s[:i]
		}
	}
	return strings.Trim(s, "-")
}
