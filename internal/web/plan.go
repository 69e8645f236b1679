package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"utkik/index"
	"utkik/internal/call"
	"utkik/internal/plan"
)

// planTexts are the words of the plan's pages.
type planTexts struct {
	Intro       string `json:"intro"`
	Document    string `json:"document"`
	Goals       string `json:"goals"`
	Activities  string `json:"activities"`
	Serves      string `json:"serves"`
	Priorities  string `json:"priorities"`
	Open        string `json:"open"`        // open calls
	Asking      string `json:"asking"`      // open consultations
	Forthcoming string `json:"forthcoming"` // calls and consultations
	Came        string `json:"came"`        // how many in a year
	CameBy      string `json:"came_by"`     // first month, last month, numbers
	CameNote    string `json:"came_note"`
	ClosesNext  string `json:"closes_next"`
	NoneOpen    string `json:"none_open"`
	Gap         string `json:"gap"` // months
	GapYear     string `json:"gap_year"`
	Gaps        string `json:"gaps"`
	GapsNone    string `json:"gaps_none"`
	Networks    string `json:"networks"`
	InNetwork   string `json:"in_network"` // priorities
	Departments string `json:"departments"`
	AllOpen     string `json:"all_open"`
	Days        string `json:"days"`
	Feed        string `json:"feed"`
	Words       string `json:"words"`
	WordsIn     string `json:"words_in"`
	WordsAgain  string `json:"words_again"` // negative ones
	Goal        string `json:"goal"`        // goals that a priority serves
	Consults    string `json:"consults"`
	Calls       string `json:"calls"`
	Back        string `json:"back"`
}

// planPage is the plan with what came for it.
type planPage struct {
	Frame
	Heading     string
	Document    string
	PlanLang    string // language of the plan's own words; empty where it is the page's
	Goals       []goal
	Priorities  []priorityCard
	Gaps        []webLink
	Networks    []networkCard
	Departments []departmentCard
}

type goal struct {
	Name       string
	Aims       []string
	Activities []activity
	Serves     []webLink
}

type activity struct{ Heading, Text, With string }

// priorityCard is a priority at a glance.
type priorityCard struct {
	Name, Link, Text, TextLang string
	Open, Asking, Forthcoming  string // in words, empty for none
	None                       string
	Came, CameBy               string
	Spark                      *spark
	Next                       []row
	Gap                        string
	Search, Days, Feed         string
}

type networkCard struct {
	Name, Note string
	Serves     []webLink
}

type departmentCard struct {
	Name, Days string
	Priorities []webLink
}

// priorityPage is one priority.
type priorityPage struct {
	Frame
	PlanLang   string
	Card       priorityCard
	Goals      []string
	Activities []activity
	Networks   []string
	Calls      []row
	Asking     []row
	Terms      []term
	Not        []term
	Plan       string
}

type term struct{ SV, EN string }

// spark is a year of months as a picture.
type spark struct{ Bars []sparkBar }

type sparkBar struct {
	X, Width  string
	Y, Height int
}

// What the plan's pages show.
const (
	sparkHeight = 34
	nextShown   = 3
	onPriority  = 30 // calls on a priority's page
	gapMonths   = 3  // without anything, before it is called a gap
)

// overview is what is known of all priorities.
type overview struct {
	open, asking, forthcoming map[string]int
	came                      map[string][]int
	from                      time.Time // first month
}

func (s *Server) overview(ctx context.Context) (overview, error) {
	now := s.cfg.Now().In(call.Brussels())
	o := overview{from: time.Date(now.Year(), now.Month()-monthsOf+1, 1, 0, 0, 0, 0, call.Brussels())}
	for _, ask := range []struct {
		into  *map[string]int
		kinds []string
		state call.Status
	}{
		{&o.open, []string{string(call.KindCall)}, call.StatusOpen},
		{&o.asking, []string{string(call.KindConsultation)}, call.StatusOpen},
		{&o.forthcoming, []string{string(call.KindCall), string(call.KindConsultation), string(call.KindPlanned)}, call.StatusForthcoming},
	} {
		res, err := s.cfg.Index.Search(ctx, index.Query{Kinds: ask.kinds, Status: []string{string(ask.state)}, Facets: []string{index.FacetPriority},
			FacetValues: len(s.cfg.Plan.Priorities) + 30, Limit: 1, Now: now})
		if err != nil {
			return o, err
		}
		*ask.into = map[string]int{}
		for _, c := range res.Facets[index.FacetPriority] {
			(*ask.into)[c.Value] = c.Count
		}
	}
	var err error
	o.came, err = s.cfg.Index.Arrivals(ctx, o.from, monthsOf, now)
	return o, err
}

// gap is for how many months in a row, this one among them, nothing came.
func gap(came []int) int {
	n := 0
	for n < len(came) && came[len(came)-1-n] == 0 {
		n++
	}
	if came == nil {
		return monthsOf
	}
	return n
}

// card puts a priority into words.
func (s *Server) card(ctx context.Context, f Frame, p *plan.Priority, o overview) (priorityCard, error) {
	t := &f.T.Plan
	chosen := map[string][]string{index.FacetPriority: {p.ID}}
	c := priorityCard{
		Name: s.priorityName(f, p.ID), Link: f.address("/plan/"+url.PathEscape(p.ID), url.Values{}), Text: p.Text, TextLang: otherThan(s.cfg.Plan.Language, f.Lang),
		Search: f.address("/", asked{chosen: map[string][]string{index.FacetPriority: {p.ID}, index.FacetStatus: atFirst()}}.values()),
		Days:   f.address("/deadlines", url.Values{"for": {index.FacetPriority + ":" + p.ID}}), Feed: f.address("/feeds/priority/"+url.PathEscape(p.ID)+".atom", url.Values{}),
	}
	if f.Lang == "en" && p.TextEN != "" {
		c.Text, c.TextLang = p.TextEN, ""
	}
	count := func(text string, n int) string {
		if n == 0 {
			return ""
		}
		return fmt.Sprintf(text, number(int64(n), f.T.Group))
	}
	c.Open, c.Asking, c.Forthcoming = count(t.Open, o.open[p.ID]), count(t.Asking, o.asking[p.ID]), count(t.Forthcoming, o.forthcoming[p.ID])
	if c.Open == "" && c.Asking == "" && c.Forthcoming == "" {
		c.None = t.NoneOpen
	}
	came := o.came[p.ID]
	if came == nil {
		came = make([]int, monthsOf)
	}
	sum, words := 0, make([]string, len(came))
	for i, n := range came {
		sum += n
		words[i] = fmt.Sprint(n)
	}
	last := o.from.AddDate(0, monthsOf-1, 0)
	c.Came = fmt.Sprintf(t.Came, number(int64(sum), f.T.Group))
	c.CameBy = fmt.Sprintf(t.CameBy, f.T.monthOf(o.from), f.T.monthOf(last), strings.Join(words, ", "))
	c.Spark = sparkline(came)
	switch n := gap(o.came[p.ID]); {
	case n >= monthsOf:
		c.Gap = t.GapYear
	case n >= gapMonths:
		c.Gap = fmt.Sprintf(t.Gap, n)
	}
	var err error
	c.Next, err = s.soonest(ctx, f, index.Query{Priorities: chosen[index.FacetPriority], Kinds: []string{string(call.KindCall), string(call.KindConsultation)}, Limit: nextShown})
	return c, err
}

// soonest lists what is open and closes next.
func (s *Server) soonest(ctx context.Context, f Frame, ask index.Query) ([]row, error) {
	now := s.cfg.Now()
	ask.Status, ask.Sort, ask.Lang, ask.Now = []string{string(call.StatusOpen)}, index.SortDeadline, f.Lang, now
	res, err := s.cfg.Index.Search(ctx, ask)
	if err != nil {
		return nil, err
	}
	var out []row
	for i := range res.Hits {
		h := &res.Hits[i]
		c := call.Call{Deadlines: h.Deadlines, Opens: h.Opens, Status: h.Status}
		m := when(f.T, &c, now)
		r := row{Link: callLink(f, h.Key()), Title: cmp.Or(h.Title, h.Identifier, h.Ref), Lang: tag(cmp.Or(h.TitleIn, h.Language)), Kind: f.T.Kinds[string(h.Kind)],
			Day: m.Day, Left: m.Left, Soon: m.Soon}
		out = append(out, r)
	}
	return out, nil
}

// sparkline draws a bar a month; the highest is as high as the picture.
func sparkline(came []int) *spark {
	most := max(slices.Max(came), 1)
	out := &spark{}
	width := 100 / float64(len(came))
	for i, n := range came {
		h := 0
		if n > 0 {
			h = max(n*sparkHeight/most, 3)
		}
		out.Bars = append(out.Bars, sparkBar{percent(float64(i)*width + width*0.1), percent(width * 0.8), sparkHeight - h, h})
	}
	return out
}

// otherThan is a text's language where it is not the page's.
func otherThan(lang, page string) string {
	if lang == page {
		return ""
	}
	return tag(lang)
}

func (s *Server) activities(as []plan.Activity) []activity {
	out := make([]activity, len(as))
	for i, a := range as {
		out[i] = activity{a.Heading, a.Text, strings.Join(a.Networks, ", ")}
	}
	return out
}

func (s *Server) plan(_ http.ResponseWriter, r *http.Request) (view, error) {
	f, pl := s.frame(r), s.cfg.Plan
	ctx, cancel := context.WithTimeout(r.Context(), searchTime)
	defer cancel()
	o, err := s.overview(ctx)
	if err != nil {
		return view{}, err
	}
	p := planPage{Frame: f, Heading: f.Plan, Document: pl.Document, PlanLang: otherThan(pl.Language, f.Lang)}
	p.Title = f.titled(f.Plan)
	named := func(id string) webLink {
		return webLink{URL: f.address("/plan/"+url.PathEscape(id), url.Values{}), Name: s.priorityName(f, id)}
	}
	for _, g := range pl.Goals {
		x := goal{Name: g.Name, Aims: g.Aims, Activities: s.activities(g.Activities)}
		if f.Lang == "en" && g.NameEN != "" {
			x.Name = g.NameEN
		}
		for _, pr := range pl.Priorities {
			if slices.Contains(pr.Goals, g.ID) {
				x.Serves = append(x.Serves, named(pr.ID))
			}
		}
		p.Goals = append(p.Goals, x)
	}
	for i := range pl.Priorities {
		c, err := s.card(ctx, f, &pl.Priorities[i], o)
		if err != nil {
			return view{}, err
		}
		p.Priorities = append(p.Priorities, c)
		if c.Gap != "" {
			p.Gaps = append(p.Gaps, webLink{c.Link, c.Name})
		}
	}
	for _, n := range pl.Networks {
		x := networkCard{Name: n.Name, Note: n.Note}
		if n.Name != n.ID {
			x.Name = fmt.Sprintf(f.T.Sheet.NetworkIn, n.Name, n.ID)
		}
		for _, pr := range pl.Priorities {
			if slices.ContainsFunc(pr.Activities, func(a plan.Activity) bool { return slices.Contains(a.Networks, n.ID) }) {
				x.Serves = append(x.Serves, named(pr.ID))
			}
		}
		p.Networks = append(p.Networks, x)
	}
	for _, d := range pl.Departments {
		x := departmentCard{Name: s.departmentName(f, d.ID), Days: f.address("/deadlines", url.Values{"for": {index.FacetDepartment + ":" + d.ID}})}
		for _, id := range d.Priorities {
			x.Priorities = append(x.Priorities, named(id))
		}
		p.Departments = append(p.Departments, x)
	}
	return view{page: "plan", data: p}, nil
}

func (s *Server) priority(_ http.ResponseWriter, r *http.Request) (view, error) {
	f := s.frame(r)
	pr, ok := s.cfg.Plan.Priority(r.PathValue("id"))
	if !ok {
		return view{}, errNotFound
	}
	ctx, cancel := context.WithTimeout(r.Context(), searchTime)
	defer cancel()
	o, err := s.overview(ctx)
	if err != nil {
		return view{}, err
	}
	p := priorityPage{Frame: f, PlanLang: otherThan(s.cfg.Plan.Language, f.Lang), Activities: s.activities(pr.Activities), Networks: s.networks(f, pr),
		Plan: f.address("/plan", url.Values{})}
	if p.Card, err = s.card(ctx, f, pr, o); err != nil {
		return view{}, err
	}
	p.Title = f.titled(p.Card.Name)
	for _, g := range s.cfg.Plan.Goals {
		if slices.Contains(pr.Goals, g.ID) {
			name := g.Name
			if f.Lang == "en" && g.NameEN != "" {
				name = g.NameEN
			}
			p.Goals = append(p.Goals, name)
		}
	}
	for _, list := range []struct {
		into *[]row
		kind call.Kind
	}{{&p.Calls, call.KindCall}, {&p.Asking, call.KindConsultation}} {
		if *list.into, err = s.soonest(ctx, f, index.Query{Priorities: []string{pr.ID}, Kinds: []string{string(list.kind)}, Limit: onPriority}); err != nil {
			return view{}, err
		}
	}
	for _, v := range pr.Vocabulary {
		x := term{v.SV, strings.Join(v.EN, ", ")}
		if v.Weight < 0 {
			p.Not = append(p.Not, x)
		} else {
			p.Terms = append(p.Terms, x)
		}
	}
	return view{page: "priority", data: p}, nil
}
