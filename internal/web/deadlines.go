package web

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"utkik/index"
	"utkik/internal/call"
)

// deadlineTexts are the words of the calendar.
type deadlineTexts struct {
	Heading    string            `json:"heading"`
	Intro      string            `json:"intro"`
	For        string            `json:"for"`
	Plan       string            `json:"plan"` // all that concerns the plan
	All        string            `json:"all"`
	Priorities string            `json:"priorities"`
	Units      string            `json:"units"` // departments
	Kind       string            `json:"kind"`
	Kinds      map[string]string `json:"kinds"` // by value; empty for both
	Show       string            `json:"show"`
	Span       string            `json:"span"` // first month, last month
	Sum        string            `json:"sum"`  // days, calls
	None       string            `json:"none"`
	Most       string            `json:"most"` // month, days
	Cut        string            `json:"cut"`  // how many are shown
	Months     string            `json:"months"`
	Day        string            `json:"day"` // heads of the columns
	What       string            `json:"what"`
	Of         string            `json:"of"`    // which of several days of a call
	Today      string            `json:"today"` // a day
	Planned    string            `json:"planned"`
	PlannedIn  string            `json:"planned_in"`
	Opening    string            `json:"opening"`
	NoDay      string            `json:"no_day"`
	Earlier    string            `json:"earlier"`
	Later      string            `json:"later"`
	Calendar   string            `json:"calendar"`
	Picture    string            `json:"picture"` // what the picture above the lists shows
}

// deadlinesPage is a year of last days.
type deadlinesPage struct {
	Frame
	For            []choiceGroup
	Kinds          []choice
	From           string
	Span           string
	Sum, Most, Cut string
	Year           *year
	Today          string // where it is on the line of a row; empty where the line does not reach it
	Months         []month
	Planned        []row
	Earlier, Later string
	Calendar       string
	HasRows        bool
}

// choiceGroup is choices under a name; the first group has none.
type choiceGroup struct {
	Name    string
	Choices []choice
}

// month is a month's last days.
type month struct {
	ID, Name string
	Count    int
	Rows     []row
	plain    string // the name within a sentence
}

// row is a last day of a call. Mark, of a row without anything else, says where today is.
type row struct {
	Mark              string
	Day, Clock, Left  string
	Passed, Soon      bool
	Link, Title, Lang string
	Kind, Of          string
	Priorities        []string
	Line              *line
	at                call.Moment
}

// year is twelve months as a picture, a line each.
type year struct {
	Head   int // of the line under the days' numbers
	Days   []dayName
	Height int
	Rows   []yearRow
}

// dayName is the number of a day of the month, above its column.
type dayName struct {
	X   string
	Day int
}

type yearRow struct {
	Label    string
	Y, Under int // of the line's middle, and of its label
	Rests    []cell
	Days     []cell
	Today    *cell
}

type cell struct {
	X, Width string
	Y, R     int
	Class    string
}

// How much the page holds.
const (
	maxPlanned = 100
	monthsOf   = 12
	lineHeight = 24 // of a month in the picture
	headHeight = 16 // of the days' numbers above it
)

// period is what the page shows.
type period struct {
	from, to time.Time // from the first of a month until before the first of another, Brussels
}

func (s *Server) deadlines(_ http.ResponseWriter, r *http.Request) (view, error) {
	f, q, now := s.frame(r), r.URL.Query(), s.cfg.Now().In(call.Brussels())
	t := &f.T.Dead
	p := deadlinesPage{Frame: f}
	p.Title = f.titled(t.Heading)
	from := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, call.Brussels())
	if at, err := time.ParseInLocation("2006-01", q.Get("from"), call.Brussels()); err == nil && at.Year() > 2000 && at.Year() < 2200 {
		from = at
	}
	over := period{from, from.AddDate(0, monthsOf, 0)}
	last := over.to.AddDate(0, -1, 0)
	p.From = over.from.Format("2006-01")
	p.Span = capital(fmt.Sprintf(t.Span, f.T.monthOf(over.from), f.T.monthOf(last)))

	area, kind := q.Get("for"), q.Get("kind")
	ask, chosen := s.area(&p, area)
	kinds := []string{string(call.KindCall), string(call.KindConsultation)}
	if slices.Contains(kinds, kind) {
		chosen[index.FacetKind] = []string{kind}
	} else {
		kind = ""
	}
	for _, k := range append([]string{""}, kinds...) {
		p.Kinds = append(p.Kinds, choice{k, t.Kinds[k], k == kind})
	}
	ask.Kinds = kinds
	if kind != "" {
		ask.Kinds = []string{kind}
	}
	keep := url.Values{}
	for name, v := range map[string]string{"for": area, "kind": kind} {
		if v != "" {
			keep.Set(name, v)
		}
	}
	at := func(from time.Time) string {
		q := url.Values{"from": {from.Format("2006-01")}}
		for k, v := range keep {
			q[k] = v
		}
		return f.address("/deadlines", q)
	}
	p.Earlier, p.Later = at(over.from.AddDate(0, -monthsOf, 0)), at(over.to)
	p.Calendar = f.address("/feeds/search.ics", asked{chosen: chosen}.values())

	ctx, cancel := context.WithTimeout(r.Context(), searchTime)
	defer cancel()
	if err := s.fillDeadlines(ctx, &p, ask, over); err != nil {
		return view{}, err
	}
	return view{page: "deadlines", data: p}, s.fillPlanned(ctx, &p, ask)
}

// area reads for whom last days are shown, and lists the choices.
func (s *Server) area(p *deadlinesPage, chosen string) (index.Query, map[string][]string) {
	t := &p.T.Dead
	var q index.Query
	facets := map[string][]string{}
	first := choiceGroup{Choices: []choice{{"", t.Plan, false}, {"all", t.All, chosen == "all"}}}
	priorities, departments := choiceGroup{Name: t.Priorities}, choiceGroup{Name: t.Units}
	found := chosen == "all"
	kind, id, _ := strings.Cut(chosen, ":")
	for _, pr := range s.cfg.Plan.Priorities {
		on := kind == index.FacetPriority && id == pr.ID
		if on {
			found, q.Priorities = true, []string{id}
			facets[index.FacetPriority] = []string{id}
		}
		priorities.Choices = append(priorities.Choices, choice{index.FacetPriority + ":" + pr.ID, s.priorityName(p.Frame, pr.ID), on})
	}
	for _, d := range s.cfg.Plan.Departments {
		on := kind == index.FacetDepartment && id == d.ID
		if on {
			found, q.Departments = true, []string{id}
			facets[index.FacetDepartment] = []string{id}
		}
		departments.Choices = append(departments.Choices, choice{index.FacetDepartment + ":" + d.ID, s.departmentName(p.Frame, d.ID), on})
	}
	if !found {
		first.Choices[0].On = true
		q.Priorities = s.cfg.Plan.PriorityIDs()
		facets[index.FacetPriority] = s.cfg.Plan.PriorityIDs()
	}
	p.For = []choiceGroup{first, priorities, departments}
	return q, facets
}

func (s *Server) fillDeadlines(ctx context.Context, p *deadlinesPage, ask index.Query, over period) error {
	t, now := &p.T.Dead, s.cfg.Now()
	ask.DeadlineAfter, ask.DeadlineBefore = over.from, over.to.AddDate(0, 0, -1)
	ask.Sort, ask.Limit, ask.Lang, ask.Now = index.SortDeadline, s.rows, p.Lang, now
	res, err := s.cfg.Index.Search(ctx, ask)
	if err != nil {
		return err
	}
	window := stretch(over)
	if window.holds(now) {
		p.Today = percent(window.place(now))
	}
	var rows []row
	for i := range res.Hits {
		h := &res.Hits[i]
		names := s.priorityNames(p.Frame, h)
		for n, d := range h.Deadlines {
			if d.Time().Before(over.from) || !d.Time().Before(over.to) {
				continue
			}
			rw := s.row(p.Frame, h, d, names)
			if len(h.Deadlines) > 1 {
				rw.Of = fmt.Sprintf(t.Of, n+1, len(h.Deadlines))
			}
			opens := h.Opens.Time()
			if h.Opens.IsZero() || opens.After(d.Time()) {
				opens = d.Time()
			}
			rw.Line = &line{Spans: []span{window.span(opens, d.End(), "open")}, Dots: []dot{{X: percent(window.place(d.Time())), Class: "next"}}}
			rw.Line.Today = p.Today
			rows = append(rows, rw)
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Or(a.at.Compare(b.at), strings.Compare(a.Link, b.Link)) })
	p.HasRows = len(rows) > 0
	p.Year = s.year(p.Frame, over, rows)
	for from := over.from; from.Before(over.to); from = from.AddDate(0, 1, 0) {
		m := month{ID: "m" + from.Format("2006-01"), Name: capital(p.T.monthOf(from)), plain: p.T.monthOf(from)}
		next := from.AddDate(0, 1, 0)
		marked := now.Before(from) || !now.Before(next)
		for _, rw := range rows {
			if rw.at.Time().Before(from) || !rw.at.Time().Before(next) {
				continue
			}
			if !marked && !rw.Passed {
				m.Rows = append(m.Rows, row{Mark: fmt.Sprintf(t.Today, p.T.day(now))})
				marked = true
			}
			m.Rows = append(m.Rows, rw)
			m.Count++
		}
		if m.Count > 0 {
			p.Months = append(p.Months, m)
		}
	}
	p.Sum = t.None
	if p.HasRows {
		p.Sum = fmt.Sprintf(t.Sum, number(int64(len(rows)), p.T.Group), number(int64(len(res.Hits)), p.T.Group))
		most := slices.MaxFunc(p.Months, func(a, b month) int { return cmp.Compare(a.Count, b.Count) })
		if len(p.Months) > 1 && most.Count > 1 {
			p.Most = fmt.Sprintf(t.Most, most.plain, most.Count)
		}
	}
	if res.Total > len(res.Hits) {
		p.Cut = fmt.Sprintf(t.Cut, number(int64(len(res.Hits)), p.T.Group), number(int64(res.Total), p.T.Group))
	}
	return nil
}

// row is a day of a call.
func (s *Server) row(f Frame, h *index.Hit, d call.Moment, priorities []string) row {
	now := s.cfg.Now()
	local := d.Time().In(call.Brussels())
	out := row{Day: fmt.Sprintf("%d %s", local.Day(), f.T.Weekdays[local.Weekday()]), Link: callLink(f, h.Key()), Title: cmp.Or(h.Title, h.Identifier, h.Ref),
		Lang: tag(cmp.Or(h.TitleIn, h.Language)), Kind: f.T.Kinds[string(h.Kind)], Priorities: priorities, Passed: d.Passed(now), at: d}
	if !d.DayOnly() {
		out.Clock = local.Format(f.T.ClockFormat)
	}
	if !out.Passed && h.Status != call.StatusClosed {
		var n int
		out.Left, n = days(f.T, d, now)
		out.Soon = n <= soon
	}
	return out
}

// fillPlanned lists what is only planned, which has days of its own kind: when it is to open.
func (s *Server) fillPlanned(ctx context.Context, p *deadlinesPage, ask index.Query) error {
	now := s.cfg.Now()
	ask.Kinds, ask.Text = []string{string(call.KindPlanned)}, "-status:closed" // many state none
	ask.Sort, ask.Limit, ask.Lang, ask.Now = index.SortDeadline, maxPlanned, p.Lang, now
	res, err := s.cfg.Index.Search(ctx, ask)
	if err != nil {
		return err
	}
	keys := make([]call.Key, len(res.Hits))
	for i := range res.Hits {
		keys[i] = res.Hits[i].Key()
	}
	records, err := s.cfg.Store.RecordsOf(ctx, keys)
	if err != nil {
		return err
	}
	for i := range res.Hits {
		h := &res.Hits[i]
		rec, ok := records[h.Key()]
		if !ok { // the index is a moment behind
			continue
		}
		rw := s.row(p.Frame, h, call.Moment{}, s.priorityNames(p.Frame, h))
		rw.Day, rw.Clock, rw.Left, rw.Passed, rw.Soon = p.T.Dead.NoDay, "", "", false, false
		switch c := &rec.Call; {
		case !c.Opens.IsZero():
			rw.Day, rw.at = p.T.moment(c.Opens), c.Opens
		case c.Expected != "":
			rw.Day = c.Expected
		}
		p.Planned = append(p.Planned, rw)
	}
	slices.SortStableFunc(p.Planned, func(a, b row) int {
		switch {
		case a.at.IsZero() != b.at.IsZero():
			if a.at.IsZero() {
				return 1
			}
			return -1
		case a.at.IsZero():
			return cmp.Or(strings.Compare(a.Day, b.Day), strings.Compare(a.Link, b.Link))
		}
		return cmp.Or(a.at.Compare(b.at), strings.Compare(a.Link, b.Link))
	})
	return nil
}

// monthOf is a month with its year.
func (t *texts) monthOf(at time.Time) string {
	return fmt.Sprintf("%s %d", t.Months[at.Month()-1], at.Year())
}

// capital begins a heading with a capital letter.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// The picture of a year: what it leaves for the names of the months, in hundredths of its width, and the largest dot.
const (
	yearLabels = 13.0
	maxDot     = 10
)

func (s *Server) year(f Frame, p period, rows []row) *year {
	now := s.cfg.Now().In(call.Brussels())
	perDay := map[string]int{}
	for _, r := range rows {
		perDay[r.at.Date()]++
	}
	width := (100 - yearLabels) / 31
	out := &year{Head: headHeight - 4}
	for _, day := range []int{1, 5, 10, 15, 20, 25, 30} {
		out.Days = append(out.Days, dayName{percent(yearLabels + (float64(day)-0.5)*width), day})
	}
	for from := p.from; from.Before(p.to); from = from.AddDate(0, 1, 0) {
		y := headHeight + len(out.Rows)*lineHeight + lineHeight/2
		yr := yearRow{Label: short3(f.T.Months[from.Month()-1]), Y: y, Under: y + 4}
		if from.Month() == time.January || len(out.Rows) == 0 {
			yr.Label += fmt.Sprintf(" %02d", from.Year()%100)
		}
		for day := from; day.Month() == from.Month(); day = day.AddDate(0, 0, 1) {
			left := yearLabels + float64(day.Day()-1)*width
			c := cell{X: percent(left), Width: percent(width), Y: y - lineHeight/2 + 1}
			if day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
				yr.Rests = append(yr.Rests, c)
			}
			if day.Format(time.DateOnly) == now.Format(time.DateOnly) {
				today := c
				yr.Today = &today
			}
			if n := perDay[day.Format(time.DateOnly)]; n > 0 {
				d := cell{X: percent(left + width/2), Y: y, R: min(maxDot, 3+int(math.Sqrt(float64(4*n)))), Class: "next"}
				if day.AddDate(0, 0, 1).Before(now) {
					d.Class = "passed"
				}
				yr.Days = append(yr.Days, d)
			}
		}
		out.Rows = append(out.Rows, yr)
	}
	out.Height = headHeight + len(out.Rows)*lineHeight + 2
	return out
}
