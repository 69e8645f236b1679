package report

import (
	"bytes"
	"fmt"
	"html/template"
	"net/url"
	"strings"

	"utkik/internal/call"
	"utkik/internal/subscription"
)

// page is what the template lays out.
type page struct {
	R                       *Report
	W                       *words
	Title, Span, Made, Lead string
	Sums                    []cell
	Bars                    []bar
	Heads                   []string
	Lines                   []line
	Sum                     line
	Taken                   []takenLine
	Networks                []networkLine
	Sources                 []sourceLine
}

type cell struct {
	Name  string
	Value int
	Warn  bool
}

type bar struct {
	Name   string
	Count  int
	Height int // pixels
}

type line struct {
	Name  string
	Cells []cell
}

type takenLine struct {
	Title, URL, Programme, Kind, Priorities, LastDay, Timing string
	Decisions                                                []string
}

type networkLine struct {
	Name, Priorities          string
	Calls, Consultations, Act int
}

type sourceLine struct {
	Name, Well, Ill, Longest           string
	Runs, Complete, New, Changed, Held int
	Warn                               bool
}

// barHeight is the height of the highest bar, in pixels.
const barHeight = 90

// wellWarn is below which share of the time a source is marked.
const wellWarn = 0.95

// columns are the figures of a priority, in their order, in pages, tables and workbooks alike.
func (w *words) columns(f Figures) []cell {
	return []cell{
		{Name: w.Calls, Value: f.Calls}, {Name: w.Consultations, Value: f.Consultations}, {Name: w.Others, Value: f.Others}, {Name: w.New, Value: f.New},
		{Name: w.InDigest, Value: f.InDigest}, {Name: w.Mailed, Value: f.Mailed}, {Name: w.Mails, Value: f.Mails},
		{Name: w.Act, Value: f.Act}, {Name: w.Follow, Value: f.Follow}, {Name: w.NotRelevant, Value: f.NotRelevant}, {Name: w.Undecided, Value: f.Undecided},
		{Name: w.InTime, Value: f.InTime}, {Name: w.Late, Value: f.Late, Warn: f.Late > 0}, {Name: w.Passed, Value: f.Passed, Warn: f.Passed > 0},
	}
}

// HTML lays the report out as one page that needs nothing beside it, for screens and for paper.
func HTML(r Report) ([]byte, error) {
	w, err := wordsOf(r.Language)
	if err != nil {
		return nil, err
	}
	t, err := template.New("report.html").ParseFS(files, "template/report.html")
	if err != nil {
		return nil, fmt.Errorf("report: %v", err)
	}
	p := page{R: &r, W: w, Title: fmt.Sprintf(w.Title, r.Year, r.PlanName), Span: fmt.Sprintf(w.Partial, r.From, r.Until),
		Made: fmt.Sprintf(w.Made, r.Made.In(call.Brussels()).Format("2006-01-02 15:04"), "Utkik")}
	if r.Whole {
		p.Span = fmt.Sprintf(w.Whole, r.From, r.Until)
	}
	p.Lead = w.LeadNone
	if n := r.Total.All(); n > 0 {
		p.Lead = fmt.Sprintf(w.LeadUndecided, w.Items.of(n), len(r.Priorities))
	}
	if n := r.Total.All(); r.Total.Decided() > 0 {
		p.Lead = fmt.Sprintf(w.Lead, w.Items.of(n), len(r.Priorities), fmt.Sprint(r.Total.Decided()), fmt.Sprint(r.Total.Act))
	}
	p.Sums = w.columns(r.Total)
	most := 1
	for _, n := range r.Months {
		most = max(most, n)
	}
	for m, n := range r.Months {
		p.Bars = append(p.Bars, bar{w.MonthNames[m], n, n * barHeight / most})
	}
	for _, c := range p.Sums {
		p.Heads = append(p.Heads, c.Name)
	}
	names := map[string]string{}
	for _, prio := range r.Priorities {
		names[prio.ID] = prio.Name
		p.Lines = append(p.Lines, line{prio.Name, w.columns(prio.Figures)})
	}
	p.Sum = line{w.Total, p.Sums}
	p.Taken = taken(&r, w, names)
	for _, n := range r.Networks {
		l := networkLine{Name: n.Name, Priorities: join(n.Priorities, names), Calls: n.Calls, Consultations: n.Consultations, Act: n.Act}
		if n.Name != n.ID {
			l.Name = n.ID + ", " + n.Name
		}
		p.Networks = append(p.Networks, l)
	}
	for _, s := range r.Sources {
		l := sourceLine{Name: s.Name, Well: w.share(s.Well), Ill: w.number(s.Ill), Longest: w.number(s.Longest), Runs: s.Runs, Complete: s.Complete, New: s.New, Changed: s.Changed, Held: s.Held,
			Warn: s.Well < wellWarn}
		if s.Never {
			l.Well, l.Ill, l.Longest = "–", "–", "–"
		}
		p.Sources = append(p.Sources, l)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("report: %v", err)
	}
	return b.Bytes(), nil
}

// taken lists what was taken on, then what is followed.
func taken(r *Report, w *words, names map[string]string) []takenLine {
	var out []takenLine
	for _, choice := range []subscription.Choice{subscription.Act, subscription.Follow} {
		for _, it := range r.Items {
			if it.Choice != choice {
				continue
			}
			l := takenLine{Title: it.Title, URL: safe(it.URL), Programme: it.Programme, Kind: w.kind(it.Kind), Priorities: join(it.Priorities, names), LastDay: it.LastDay}
			if it.LastDay != "" {
				l.Timing = w.timing(it.Timing)
			}
			for _, d := range it.Decisions {
				text := fmt.Sprintf("%s: %s, %s", who(r, d), w.choice(d.Choice), d.Day)
				if d.Why != "" {
					text += " (" + d.Why + ")"
				}
				l.Decisions = append(l.Decisions, text)
			}
			out = append(out, l)
		}
	}
	return out
}

// who names a department as readers know it; a person stays an id.
func who(r *Report, d Decision) string {
	for _, dep := range r.Departments {
		if dep.ID == d.department {
			return dep.Name
		}
	}
	return d.Who
}

func join(ids []string, names map[string]string) string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = names[id]
	}
	return strings.Join(out, ", ")
}

// safe gives an address that a page may link to, or nothing.
func safe(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return address
}

func (w *words) kind(k call.Kind) string {
	switch k {
	case call.KindCall:
		return w.KindCall
	case call.KindConsultation:
		return w.KindConsultation
	case call.KindPlanned:
		return w.KindPlanned
	}
	return w.KindNews
}

func (w *words) choice(c subscription.Choice) string {
	switch c {
	case subscription.Act:
		return w.ChoiceAct
	case subscription.Follow:
		return w.ChoiceFollow
	case subscription.NotRelevant:
		return w.ChoiceNotRelevant
	}
	return ""
}

func (w *words) timing(t Timing) string {
	switch t {
	case InTime:
		return w.TimingInTime
	case Late:
		return w.TimingLate
	case Passed:
		return w.TimingPassed
	}
	return w.TimingAhead
}
