package web

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"utkik/internal/call"
)

// sheetTexts are the words of a call's page that other pages have no use for.
type sheetTexts struct {
	OnPage       string            `json:"on_page"`
	Dates        string            `json:"dates"`
	NoDates      string            `json:"no_dates"`
	Step         string            `json:"step"` // of a call in steps: this one, all
	CutOff       string            `json:"cut_off"`
	AnswerBy     string            `json:"answer_by"`
	Passed       string            `json:"passed"`
	NetworkIn    string            `json:"network_in"` // name, as the plan writes it
	Similar      string            `json:"similar"`
	SimilarNone  string            `json:"similar_none"`
	SameCall     string            `json:"same_call"`  // the call's code or name
	SameTopic    string            `json:"same_topic"` // topics
	SameWords    string            `json:"same_words"`
	Originals    string            `json:"originals"`
	OriginalsIn  string            `json:"originals_in"`
	Original     string            `json:"original"` // kind of file, when it was read
	OriginalSum  string            `json:"original_sum"`
	OriginalNot  string            `json:"original_not"`
	Media        map[string]string `json:"media"`
	ShowChange   string            `json:"show_change"`
	Added        string            `json:"added"` // before what was added, for those who hear the page
	Removed      string            `json:"removed"`
	LeftOut      string            `json:"left_out"`
	Decisions    string            `json:"decisions"`
	DecidedNot   string            `json:"decided_not"`
	Decided      map[string]string `json:"decided"` // by choice: who
	DecidedBy    string            `json:"decided_by"`
	DecideFor    string            `json:"decide_for"`
	DecideWhy    string            `json:"decide_why"`
	DecideNone   string            `json:"decide_none"` // no reason was given
	DecideButton string            `json:"decide_button"`
	Choices      map[string]string `json:"choices"`
	Topics       string            `json:"topics"`
}

// dated is a day of a call, in words and in the picture.
type dated struct {
	N      int
	Name   string
	Day    string
	Note   string // how long until it, or that it has passed
	Passed bool
	Next   bool // the one that counts now
	Soon   bool
	ahead  bool
	at     time.Time
}

// line is a stretch of time as a picture: places are in hundredths of its width, so that it fits any window.
type line struct {
	Spans []span
	Dots  []dot
	Ticks []tick
	Today string // empty where it lies outside
	Now   string // what is written there
}

type span struct{ X, Width, Class string }

type dot struct {
	X     string
	N     int
	Class string
}

type tick struct{ X, Label string }

// stretch is the time that a picture shows.
type stretch struct{ from, to time.Time }

// margin keeps what lies at the ends of a picture inside it, in hundredths of its width.
const margin = 3

func (s stretch) place(t time.Time) float64 {
	share := float64(t.Sub(s.from)) / float64(max(s.to.Sub(s.from), time.Hour))
	return margin + (100-2*margin)*min(max(share, 0), 1)
}

func (s stretch) holds(t time.Time) bool { return !t.Before(s.from) && !t.After(s.to) }

func percent(x float64) string { return fmt.Sprintf("%.2f%%", x) }

func (s stretch) span(from, to time.Time, class string) span {
	a := s.place(from)
	return span{percent(a), percent(max(s.place(to)-a, 0.4)), class}
}

// ticks marks the beginnings of years, or of quarters and months where the stretch is short.
func (s stretch) ticks(t *texts) []tick {
	step := 12
	switch days := s.to.Sub(s.from).Hours() / 24; {
	case days < 200:
		step = 1
	case days < 800:
		step = 3
	}
	var out []tick
	local := s.from.In(call.Brussels())
	for at := time.Date(local.Year(), 1, 1, 0, 0, 0, 0, call.Brussels()); !at.After(s.to); at = at.AddDate(0, step, 0) {
		if at.Before(s.from) {
			continue
		}
		label := short3(t.Months[at.Month()-1])
		if at.Month() == time.January {
			label = fmt.Sprint(at.Year())
		}
		out = append(out, tick{percent(s.place(at)), label})
	}
	return out
}

// short3 is a month's name cut to three letters.
func short3(month string) string {
	r := []rune(month)
	return string(r[:min(3, len(r))])
}

// dates gives the days of a call in their order, and draws them. The picture is nil where there is nothing to draw.
func (s *Server) dates(f Frame, c *call.Call, now time.Time) ([]dated, *line) {
	t := f.T
	var out []dated
	var undated []dated
	var spans []stretch
	add := func(name string, from, to call.Moment, open bool) { // open: without an end it goes on
		d := dated{Name: name}
		last := to
		switch {
		case from.IsZero() && to.IsZero():
			undated = append(undated, d)
			return
		case from.IsZero():
			d.Day, d.at = t.moment(to), to.Time()
		case to.IsZero():
			d.Day, d.at, last = t.moment(from), from.Time(), from
			if open {
				d.Day += " –"
			}
		default:
			d.Day, d.at = t.moment(from)+" – "+t.moment(to), from.Time()
			spans = append(spans, stretch{from.Time(), to.End()})
		}
		d.Passed = last.Passed(now) && !open
		switch {
		case d.Passed && !to.IsZero():
			d.Note = t.Sheet.Passed
		case d.Passed || last.Passed(now):
		case c.Status != call.StatusClosed: // closed before its time: nothing is left
			ahead := last
			if !from.IsZero() && !from.Passed(now) {
				ahead = from
			}
			var n int
			d.Note, n = days(t, ahead, now)
			d.ahead, d.Soon = true, n <= soon && !to.IsZero()
		}
		if !slices.ContainsFunc(out, func(o dated) bool { return o.Name == d.Name && o.Day == d.Day }) {
			out = append(out, d)
		}
	}
	// A stage says both its days: they need not stand by themselves.
	said := func(m call.Moment, of func(*call.Stage) call.Moment) bool {
		return slices.ContainsFunc(c.Stages, func(st call.Stage) bool {
			return !st.Opens.IsZero() && !st.Closes.IsZero() && of(&st).Date() == m.Date()
		})
	}
	if !c.Opens.IsZero() && !said(c.Opens, func(st *call.Stage) call.Moment { return st.Opens }) {
		name := t.Opens
		if c.Opens.Passed(now) {
			name = t.OpenedOn
		}
		add(name, c.Opens, call.Moment{}, false)
	}
	for _, st := range c.Stages {
		add(st.Name, st.Opens, st.Closes, st.Closes.IsZero())
	}
	for i, d := range c.Deadlines {
		if said(d, func(st *call.Stage) call.Moment { return st.Closes }) {
			continue
		}
		name := t.Closes
		switch {
		case c.Kind == call.KindConsultation:
			name = t.Sheet.AnswerBy
		case len(c.Deadlines) > 1 && c.DeadlineModel == "two-stage":
			name = fmt.Sprintf(t.Sheet.Step, i+1, len(c.Deadlines))
		case len(c.Deadlines) > 1:
			name = fmt.Sprintf(t.Sheet.CutOff, i+1, len(c.Deadlines))
		}
		add(name, call.Moment{}, d, false)
	}
	slices.SortStableFunc(out, func(a, b dated) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.Name, b.Name)) })
	next := -1
	for i := range out {
		out[i].N = i + 1
		if next < 0 && out[i].ahead {
			next = i
		}
	}
	if next >= 0 {
		out[next].Next = true
	}
	if len(out) == 0 || len(out) < 2 && len(spans) == 0 {
		return append(out, undated...), nil
	}
	whole := stretch{out[0].at, out[len(out)-1].at}
	for _, sp := range spans {
		whole.to = latest(whole.to, sp.to)
	}
	if d, ok := c.LastDeadline(); ok {
		whole.to = latest(whole.to, d.Time())
	}
	if now.After(whole.to) && now.Sub(whole.to) < 400*24*time.Hour { // how long ago it was
		whole.to = now
	}
	if now.Before(whole.from) {
		whole.from = now
	}
	l := &line{Ticks: whole.ticks(t)}
	if whole.holds(now) {
		l.Today, l.Now = percent(whole.place(now)), t.Today
	}
	if d, ok := c.LastDeadline(); ok && !c.Opens.IsZero() && len(spans) == 0 {
		l.Spans = append(l.Spans, whole.span(c.Opens.Time(), d.End(), "open"))
	}
	for _, sp := range spans {
		l.Spans = append(l.Spans, whole.span(sp.from, sp.to, "stage"))
	}
	for _, d := range out {
		class := "ahead"
		switch {
		case d.Passed:
			class = "passed"
		case d.Next:
			class = "next"
		}
		l.Dots = append(l.Dots, dot{percent(whole.place(d.at)), d.N, class})
	}
	return append(out, undated...), l
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
