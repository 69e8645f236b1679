package web

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"utkik/crawler/kind"
	"utkik/index"
	"utkik/internal/call"
	"utkik/internal/store"
	"utkik/internal/watch"
)

// Standing is how a source stands.
type Standing struct {
	Source kind.Source
	watch.Status
	Last store.Run      // the latest crawl that has ended, if there was one
	Next time.Time      // when it is to be read next of itself; zero when it is not
	Gaps []kind.Finding // how its latest complete crawl differs from earlier ones
	Held int            // items in quarantine
}

// sourceTexts are the words of the sources' pages.
type sourceTexts struct {
	Heading    string            `json:"heading"`
	Intro      string            `json:"intro"`
	Sum        string            `json:"sum"`   // watched, well
	Worst      string            `json:"worst"` // how many are not well
	Source     string            `json:"source"`
	State      string            `json:"state"`
	Read       string            `json:"read"`
	Items      string            `json:"items"`
	Next       string            `json:"next"`
	States     map[string]string `json:"states"`
	Means      map[string]string `json:"means"` // what a state means for readers
	Since      string            `json:"since"`
	Never      string            `json:"never"`
	NotYet     string            `json:"not_yet"` // read in full
	Held       string            `json:"held"`
	Off        string            `json:"off"`
	Home       string            `json:"home"` // host
	Rhythm     string            `json:"rhythm"`
	Every      map[string]string `json:"every"` // hours, day, days, week
	Detail     string            `json:"detail"`
	Missed     string            `json:"missed"`
	Faults     map[string]string `json:"faults"`
	Field      string            `json:"field"`
	Runs       string            `json:"runs"`
	RunsNone   string            `json:"runs_none"`
	When       string            `json:"when"`
	How        string            `json:"how"`
	Seen       string            `json:"seen"`
	Added      string            `json:"added"`
	Changed    string            `json:"changed"`
	Gone       string            `json:"gone"`
	HeldBack   string            `json:"held_back"`
	Complete   string            `json:"complete"`
	Incomplete string            `json:"incomplete"`
	Suspect    string            `json:"suspect"`
	GoingOn    string            `json:"going_on"`
	Kinds      map[string]string `json:"kinds"` // of runs
	Quarantine string            `json:"quarantine"`
	HeldIntro  string            `json:"held_intro"`
	HeldWhy    map[string]string `json:"held_why"`
	HeldSince  string            `json:"held_since"`
	HeldMore   string            `json:"held_more"`
	Search     string            `json:"search"`
	Back       string            `json:"back"`
}

// sourcesPage lists the sources, those first that ask for somebody.
type sourcesPage struct {
	Frame
	Sum   string
	Worst string
	Rows  []sourceRow
	Off   []webLink // known and not watched
}

type sourceRow struct {
	Name, Link  string
	State, Word string
	Since       string
	Read        string // the last complete reading
	Items       string
	Held        string
	Next        string
}

// sourcePage is one source.
type sourcePage struct {
	Frame
	Row        sourceRow
	Means      string
	Reason     string // in English, as the operator reads it
	Home       string
	AtHome     string
	Rhythm     string
	Missed     []string
	Runs       []runRow
	Held       []heldRow
	HeldMore   string
	Search     string
	AllSources string
}

type runRow struct {
	When, How                          string
	Bad                                bool
	Seen, Added, Changed, Gone, HeldUp string
	Found                              []string
}

type heldRow struct{ Title, Lang, Why, Since string }

// What a source's page shows.
const (
	shownRuns = 30
	shownHeld = 50
)

func (s *Server) sources(_ http.ResponseWriter, r *http.Request) (view, error) {
	f := s.frame(r)
	t := &f.T.Sources
	all, err := s.cfg.Standing(r.Context(), "")
	if err != nil {
		return view{}, err
	}
	worst := watch.States()
	slices.SortStableFunc(all, func(a, b Standing) int {
		return cmp.Or(cmp.Compare(slices.Index(worst, a.State), slices.Index(worst, b.State)), strings.Compare(s.sourceName(f, a.Source.ID), s.sourceName(f, b.Source.ID)), strings.Compare(a.Source.ID, b.Source.ID))
	})
	p := sourcesPage{Frame: f}
	p.Title = f.titled(t.Heading)
	well := 0
	for i := range all {
		row := s.sourceRow(f, &all[i])
		if all[i].State == watch.Disabled {
			p.Off = append(p.Off, webLink{row.Link, row.Name})
			continue
		}
		if all[i].State.Well() {
			well++
		}
		p.Rows = append(p.Rows, row)
	}
	p.Sum = fmt.Sprintf(t.Sum, len(p.Rows), well)
	if bad := len(p.Rows) - well; bad > 0 {
		p.Worst = fmt.Sprintf(t.Worst, bad)
	}
	return view{page: "sources", data: p}, nil
}

func (s *Server) sourceRow(f Frame, st *Standing) sourceRow {
	t := &f.T.Sources
	row := sourceRow{Name: s.sourceName(f, st.Source.ID), Link: f.address("/sources/"+url.PathEscape(st.Source.ID), url.Values{}), State: string(st.State), Word: t.States[string(st.State)], Read: t.NotYet}
	switch {
	case st.State == watch.Late && st.Since.IsZero():
		row.Since = t.Never
	case !st.State.Well():
		row.Since = fmt.Sprintf(t.Since, f.T.moment(call.At(st.Since)))
	}
	if !st.LastComplete.IsZero() {
		row.Read = f.T.moment(call.At(st.LastComplete))
	}
	if !st.Last.Ended.IsZero() {
		row.Items = number(int64(st.Last.Seen), f.T.Group)
	}
	if st.Held > 0 {
		row.Held = fmt.Sprintf(t.Held, number(int64(st.Held), f.T.Group))
	}
	if !st.Next.IsZero() {
		row.Next = f.T.moment(call.At(st.Next))
	}
	return row
}

func (s *Server) source(_ http.ResponseWriter, r *http.Request) (view, error) {
	f, ctx := s.frame(r), r.Context()
	t := &f.T.Sources
	all, err := s.cfg.Standing(ctx, r.PathValue("id"))
	if err != nil {
		return view{}, err
	}
	if len(all) != 1 {
		return view{}, errNotFound
	}
	st := &all[0]
	id := st.Source.ID
	p := sourcePage{Frame: f, Row: s.sourceRow(f, st), Means: t.Means[string(st.State)], Rhythm: fmt.Sprintf(t.Rhythm, every(t, st.Source.Every)), AllSources: f.address("/sources", url.Values{}),
		Search: f.address("/", asked{chosen: map[string][]string{index.FacetSource: {id}}}.values())}
	p.Title = f.titled(p.Row.Name)
	if !st.State.Well() {
		p.Reason = st.Reason
	}
	if host := webHost(st.Source.Home); host != "" {
		p.Home, p.AtHome = st.Source.Home, fmt.Sprintf(t.Home, host)
	}
	p.Missed = s.findings(f, append(slices.Clone(st.Last.Findings), st.Gaps...))
	runs, err := s.cfg.Store.Runs(ctx, id, shownRuns)
	if err != nil {
		return view{}, err
	}
	for i := range runs {
		p.Runs = append(p.Runs, s.runRow(f, &runs[i]))
	}
	held, err := s.cfg.Store.Holds(ctx, id)
	if err != nil {
		return view{}, err
	}
	slices.SortStableFunc(held, func(a, b store.Hold) int { return cmp.Or(b.Since.Compare(a.Since), strings.Compare(a.Ref, b.Ref)) })
	if n := len(held); n > shownHeld {
		p.HeldMore = fmt.Sprintf(t.HeldMore, number(int64(n-shownHeld), f.T.Group))
		held = held[:shownHeld]
	}
	for i := range held {
		h := &held[i]
		why, _, _ := strings.Cut(h.Reason, ":")
		p.Held = append(p.Held, heldRow{Title: short(cmp.Or(h.Call.Title, h.Call.Identifier, h.Ref), 200), Lang: tag(h.Call.Language),
			Why: cmp.Or(t.HeldWhy[why], t.HeldWhy["other"]), Since: fmt.Sprintf(t.HeldSince, f.T.day(h.Since))})
	}
	return view{page: "source", data: p}, nil
}

// findings puts what is wrong with a run into words, each class once.
func (s *Server) findings(f Frame, all []kind.Finding) []string {
	var out []string
	for _, x := range all {
		words := f.T.Sources.Faults[string(x.Fault)]
		if x.Field != "" && f.T.Fields[x.Field] != "" {
			words = fmt.Sprintf(f.T.Sources.Field, words, f.T.Fields[x.Field])
		}
		if words != "" && !slices.Contains(out, words) {
			out = append(out, words)
		}
	}
	return out
}

func (s *Server) runRow(f Frame, r *store.Run) runRow {
	t := &f.T.Sources
	n := func(i int) string { return number(int64(i), f.T.Group) }
	row := runRow{When: f.T.moment(call.At(r.Started)), Seen: n(r.Seen), Added: n(r.Added), Changed: n(r.Changed), Gone: n(r.Gone), HeldUp: n(r.Quarantined), Found: s.findings(f, r.Findings)}
	switch {
	case r.Ended.IsZero():
		row.How = t.GoingOn
	case r.Kind != "crawl":
		row.How = cmp.Or(t.Kinds[r.Kind], r.Kind)
	case r.Suspect:
		row.How, row.Bad = t.Suspect, true
	case !r.Complete || r.Error != "":
		row.How, row.Bad = t.Incomplete, true
		if words := t.Faults[string(r.Fault)]; words != "" && !slices.Contains(row.Found, words) {
			row.Found = append(row.Found, words)
		}
	default:
		row.How = t.Complete
	}
	return row
}

// every is a rhythm in words.
func every(t *sourceTexts, d time.Duration) string {
	hours := int(d.Hours() + 0.5)
	switch {
	case hours <= 1:
		return t.Every["hour"]
	case hours == 24:
		return t.Every["day"]
	case hours == 24*7:
		return t.Every["week"]
	case hours > 24 && hours%24 == 0:
		return fmt.Sprintf(t.Every["days"], hours/24)
	}
	return fmt.Sprintf(t.Every["hours"], hours)
}
