package web

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"utkik/index"
	"utkik/internal/call"
	"utkik/internal/feed"
	"utkik/internal/match"
	"utkik/internal/store"
	"utkik/internal/subscription"
	"utkik/internal/token"
)

// feedTexts are the words of feeds, calendars and the page that lists them.
type feedTexts struct {
	Heading    string   `json:"heading"`
	Intro      string   `json:"intro"`
	Search     string   `json:"search"`
	Own        string   `json:"own"`
	Example    string   `json:"example"` // a query
	Atom       string   `json:"atom"`
	JSON       string   `json:"json"`
	Calendar   string   `json:"calendar"`
	Title      string   `json:"title"`      // what it is about
	Subtitle   string   `json:"subtitle"`   // the plan
	DaysOf     string   `json:"days_of"`    // of a calendar: the plan
	LastDay    string   `json:"last_day"`   // a call's title
	AnswerBy   string   `json:"answer_by"`  // a consultation's title
	Left       string   `json:"left"`       // the source
	Concerns   string   `json:"concerns"`   // priorities
	Everything string   `json:"everything"` // a search for nothing in particular
	Ended      string   `json:"ended"`      // of a secret address
	NoFormat   string   `json:"no_format"`  // the ending of an address
	Add        string   `json:"add"`        // a call's last days to a calendar
	Subscribe  string   `json:"subscribe"`  // to what a search finds
	Forms      []string `json:"forms"`      // names of the columns
}

// How far feeds reach. What happened within feedDays is in a feed, so that whoever looks once a month misses nothing; what may
// still be acted upon is, whenever it came.
const (
	feedDays  = 60
	pastDays  = 30 // that a calendar keeps
	maxInFeed = 500
)

// subject is what a feed or a calendar is about.
type subject struct {
	name    string // for people
	tag     string // for good
	home    string // the page that shows the same
	private bool
	keys    map[call.Key]bool
}

var errFeedEnded = errors.New("no feed under this address")

// origin is scheme and host under which readers reach the pages: what is configured, else what this reader asked for.
func (s *Server) origin(r *http.Request) string {
	if s.cfg.BaseURL != "" {
		return strings.TrimSuffix(strings.TrimRight(s.cfg.BaseURL, "/"), s.cfg.Root)
	}
	return "http://" + r.Host
}

// namespace is by which things are named for good: the host of an origin, and before it, as if they were hosts, the parts of the
// path under which the site stands. Several may stand under one host, and each says of a call what concerns its own plan.
func (s *Server) namespace(origin string) string {
	u, err := url.Parse(origin)
	if err != nil || u.Hostname() == "" {
		return "localhost"
	}
	out := u.Hostname()
	for part := range strings.SplitSeq(strings.Trim(s.cfg.Root, "/"), "/") {
		if part != "" {
			out = part + "." + out
		}
	}
	return out
}

// feed answers with what one subject is, in the form that the end of the address says.
func (s *Server) feed(find func(*http.Request, *Frame, string) (subject, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		f := s.frame(r)
		name, form, _ := strings.Cut(r.PathValue("file"), ".")
		sub, body, kind, at, err := subject{}, []byte(nil), "", time.Time{}, errNotFound
		if form == "atom" || form == "json" || form == "ics" {
			if sub, err = find(r, &f, name); err == nil {
				body, kind, at, err = s.feedBody(r, f, sub, form)
			}
		}
		var wrong *index.QueryError
		switch {
		case errors.As(err, &wrong):
			http.Error(w, fmt.Sprintf(f.T.ProblemQuery, wrong.Message(f.Lang)), http.StatusBadRequest)
		case errors.Is(err, errFeedEnded):
			http.Error(w, f.T.Feed.Ended, http.StatusNotFound)
		case errors.Is(err, errNotFound):
			http.Error(w, f.T.Feed.NoFormat, http.StatusNotFound)
		case err != nil:
			s.page(func(http.ResponseWriter, *http.Request) (view, error) { return view{}, err })(w, r)
		default:
			serve(w, r, body, kind, at, sub.private)
		}
	}
}

// serve answers with a body, or says that it is the one that the reader has.
func serve(w http.ResponseWriter, r *http.Request, body []byte, kind string, at time.Time, private bool) {
	sum := sha256.Sum256(body)
	h := w.Header()
	h.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	h.Set("Content-Type", kind)
	h.Set("X-Robots-Tag", "noindex")
	cache := "public, max-age=900"
	if private {
		cache = "private, max-age=900"
	}
	h.Set("Cache-Control", cache)
	http.ServeContent(w, r, "", at.Truncate(time.Second), bytes.NewReader(body))
}

// feedBody writes a subject in a form.
func (s *Server) feedBody(r *http.Request, f Frame, sub subject, form string) (body []byte, kind string, at time.Time, err error) {
	ctx, base := r.Context(), s.origin(r)
	self := base + s.cfg.Root + r.URL.EscapedPath()
	if q := r.URL.Query(); len(q) > 0 {
		self += "?" + q.Encode()
	}
	told, err := s.cfg.Store.ToldAt(ctx)
	if err != nil {
		return nil, "", at, err
	}
	records, err := s.feedRecords(ctx, sub.keys, told)
	if err != nil {
		return nil, "", at, err
	}
	if form == "ics" {
		cal := feed.Calendar{Name: fmt.Sprintf(f.T.Feed.Title, sub.name), Subtitle: fmt.Sprintf(f.T.Feed.DaysOf, f.Plan), Language: f.Lang, Self: self}
		if cal.Events, err = s.events(ctx, f, base, records, s.cfg.Now().AddDate(0, 0, -pastDays)); err != nil {
			return nil, "", at, err
		}
		body, err = cal.Bytes()
		return body, "text/calendar; charset=utf-8", cal.Updated(), err
	}
	out := feed.Feed{ID: feed.Tag(s.namespace(base), "feed/"+sub.tag+"/"+f.Lang), Title: fmt.Sprintf(f.T.Feed.Title, sub.name), Subtitle: fmt.Sprintf(f.T.Feed.Subtitle, f.Plan), Language: f.Lang,
		Author: cmp.Or(s.cfg.Plan.Authority, f.Plan), Home: base + sub.home, Updated: time.Unix(0, 0)}
	old := s.cfg.Now().AddDate(0, 0, -feedDays)
	results, err := s.resultsOf(ctx, keysOf(records))
	if err != nil {
		return nil, "", at, err
	}
	for i := range records {
		e := s.entry(f, base, &records[i], results[records[i].Call.Key()], told)
		if e.Updated.Before(old) && (!records[i].Gone.IsZero() || records[i].Call.StatusAt(s.cfg.Now()) == call.StatusClosed) {
			continue
		}
		out.Entries = append(out.Entries, e)
	}
	slices.SortFunc(out.Entries, func(a, b feed.Entry) int { return cmp.Or(b.Updated.Compare(a.Updated), cmp.Compare(a.ID, b.ID)) })
	out.Entries = out.Entries[:min(len(out.Entries), maxInFeed)]
	if len(out.Entries) > 0 {
		out.Updated = out.Entries[0].Updated
	}
	if form == "json" {
		body, err = out.JSON(self)
		return body, "application/feed+json; charset=utf-8", out.Updated, err
	}
	body, err = out.Atom(self)
	return body, "application/atom+xml; charset=utf-8", out.Updated, err
}

// feedRecords gives the calls of those keys; of calls that are shown as one, the one that stands for all.
func (s *Server) feedRecords(ctx context.Context, keys map[call.Key]bool, told map[call.Key]time.Time) ([]store.Record, error) {
	groups, err := s.cfg.Store.Groups(ctx)
	if err != nil {
		return nil, err
	}
	double := map[call.Key]bool{}
	for _, g := range groups {
		first := false
		for _, k := range g {
			double[k] = keys[k] && first
			first = first || keys[k]
		}
	}
	var sorted []call.Key
	for k := range keys {
		if !double[k] {
			sorted = append(sorted, k)
		}
	}
	slices.SortFunc(sorted, func(a, b call.Key) int { return cmp.Or(told[b].Compare(told[a]), a.Compare(b)) })
	sorted = sorted[:min(len(sorted), 4*maxInFeed)]
	records, err := s.cfg.Store.RecordsOf(ctx, sorted)
	if err != nil {
		return nil, err
	}
	var out []store.Record
	for _, k := range sorted {
		if rec, ok := records[k]; ok { // else the index is a moment behind
			out = append(out, rec)
		}
	}
	return out, nil
}

func keysOf(records []store.Record) []call.Key {
	out := make([]call.Key, len(records))
	for i := range records {
		out[i] = records[i].Call.Key()
	}
	return out
}

// entry is a call in a feed. It says nothing that changes by itself, such as days left.
func (s *Server) entry(f Frame, base string, rec *store.Record, results []match.Result, told map[call.Key]time.Time) feed.Entry {
	c, t := &rec.Call, f.T
	title, in := c.TitleIn(f.Lang)
	e := feed.Entry{ID: feed.CallTag(s.namespace(base), c.Key()), Title: cmp.Or(title, c.Identifier, c.Ref), URL: base + callLink(f, c.Key()), Published: rec.FirstSeen, Updated: rec.FirstSeen}
	if in = tag(in); in != f.Lang {
		e.Language = in
	}
	if webHost(c.URL) != "" {
		e.Source = c.URL
	}
	if at := told[c.Key()]; at.After(e.Updated) {
		e.Updated = at
	}
	var head []string
	for _, part := range []string{t.Kinds[string(c.Kind)], c.Programme, c.Identifier} {
		if part != "" && part != e.Title {
			head = append(head, part)
		}
	}
	lines := []string{strings.Join(head, " · ")}
	if !c.Opens.IsZero() {
		lines = append(lines, t.Opens+" "+t.moment(c.Opens))
	}
	for _, d := range c.Deadlines {
		lines = append(lines, t.Closes+" "+t.moment(d))
	}
	if c.BudgetEUR > 0 {
		lines = append(lines, t.Budget+" "+t.euro(c.BudgetEUR))
	}
	if !rec.Gone.IsZero() {
		lines = append(lines, fmt.Sprintf(t.Feed.Left, s.sourceName(f, c.Source)))
	}
	for _, res := range results {
		e.Tags = append(e.Tags, s.priorityName(f, res.Priority))
	}
	if len(e.Tags) > 0 {
		lines = append(lines, fmt.Sprintf(t.Feed.Concerns, strings.Join(e.Tags, ", ")))
	}
	if c.Text != "" {
		lines = append(lines, "", feed.Cut(c.Text, 700))
	}
	e.Text = strings.Join(lines, "\n")
	return e
}

// events are the last days of calls that have not passed before a time, in their order.
func (s *Server) events(ctx context.Context, f Frame, base string, records []store.Record, from time.Time) ([]feed.Event, error) {
	records = slices.DeleteFunc(records, func(r store.Record) bool {
		last, ok := r.Call.LastDeadline()
		return ok && last.Passed(from)
	})
	keys := keysOf(records)
	changes, err := s.cfg.Store.ChangesOf(ctx, keys)
	if err != nil {
		return nil, err
	}
	results, err := s.resultsOf(ctx, keys)
	if err != nil {
		return nil, err
	}
	var out []feed.Event
	for i := range records {
		for _, e := range s.eventsOf(f, base, &records[i], results[keys[i]], changes[keys[i]]) {
			if !e.Deadline.At.Passed(from) {
				out = append(out, e)
			}
		}
	}
	slices.SortFunc(out, func(a, b feed.Event) int {
		return cmp.Or(a.Deadline.At.Compare(b.Deadline.At), cmp.Compare(a.UID, b.UID))
	})
	return out, nil
}

func (s *Server) eventsOf(f Frame, base string, rec *store.Record, results []match.Result, changes []call.Change) []feed.Event {
	c := &rec.Call
	days := feed.Deadlines(c, changes, rec.FirstSeen, rec.Gone)
	if len(days) == 0 {
		return nil
	}
	e := s.entry(f, base, rec, results, nil)
	words := f.T.Feed.LastDay
	if c.Kind == call.KindConsultation {
		words = f.T.Feed.AnswerBy
	}
	text, _, _ := strings.Cut(e.Text, "\n\n") // the facts: a calendar is no place to read
	var out []feed.Event
	for _, d := range days {
		out = append(out, feed.Event{UID: feed.UID(s.namespace(base), c.Key(), d.N), Deadline: d, Title: fmt.Sprintf(words, short(e.Title, 200)), Text: text + "\n\n" + e.URL, URL: e.URL, Tags: e.Tags})
	}
	return out
}

// callCalendar is the calendar of one call, for its button.
func (s *Server) callCalendar(w http.ResponseWriter, r *http.Request) {
	f, key := s.frame(r), call.Key{Source: r.PathValue("source"), Ref: r.PathValue("ref")}
	var body []byte
	rec, err := s.cfg.Store.Record(r.Context(), key)
	cal := feed.Calendar{Name: f.T.Site, Language: f.Lang}
	if err == nil {
		cal.Events, err = s.events(r.Context(), f, s.origin(r), []store.Record{rec}, time.Time{})
	}
	if err == nil && len(cal.Events) == 0 {
		err = errNotFound
	}
	if err == nil {
		cal.Name = cal.Events[0].Title
		body, err = cal.Bytes()
	}
	if err != nil {
		s.page(func(http.ResponseWriter, *http.Request) (view, error) { return view{}, err })(w, r)
		return
	}
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, key.Source+"-"+key.Ref)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name[:min(len(name), 100)]+`.ics"`)
	serve(w, r, body, "text/calendar; charset=utf-8", cal.Updated(), false)
}

// found gives all that a question finds, however many.
func (s *Server) found(ctx context.Context, q index.Query, keep func(*index.Hit) bool, into map[call.Key]bool) error {
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	q.Now, q.Limit, q.Sort = s.cfg.Now(), 1000, index.SortNewest
	for q.Offset = 0; q.Offset < 10_000; q.Offset += q.Limit {
		res, err := s.cfg.Index.Search(ctx, q)
		if err != nil {
			return err
		}
		for i := range res.Hits {
			if keep == nil || keep(&res.Hits[i]) {
				into[res.Hits[i].Key()] = true
			}
		}
		if q.Offset+q.Limit >= res.Total {
			break
		}
	}
	return nil
}

// priorityFeed is of all that concerns a priority.
func (s *Server) priorityFeed(r *http.Request, f *Frame, id string) (subject, error) {
	if _, ok := s.cfg.Plan.Priority(id); !ok {
		return subject{}, errFeedEnded
	}
	sub := subject{name: s.priorityName(*f, id), tag: "priority/" + url.PathEscape(id), keys: map[call.Key]bool{},
		home: f.address("/", asked{chosen: map[string][]string{index.FacetPriority: {id}}}.values())}
	return sub, s.found(r.Context(), index.Query{Priorities: []string{id}}, nil, sub.keys)
}

// searchFeed is of what a search finds: the page's own address, with another path.
func (s *Server) searchFeed(r *http.Request, f *Frame, name string) (subject, error) {
	if name != "search" {
		return subject{}, errFeedEnded
	}
	a := read(r.URL.Query())
	q := a.values()
	about := []string{}
	if a.query != "" {
		about = append(about, a.query)
	}
	for _, facet := range facetOrder {
		for _, v := range ordered(facet, a.chosen[facet]) {
			about = append(about, s.label(*f, facet, v))
		}
	}
	if len(about) == 0 {
		about = []string{f.T.Feed.Everything}
	}
	sub := subject{name: short(strings.Join(about, ", "), 120), tag: "search/" + url.PathEscape(q.Encode()), keys: map[call.Key]bool{}, home: f.address("/", q)}
	return sub, s.found(r.Context(), a.filters(index.Query{}), nil, sub.keys)
}

// privateFeed is of a department or a recipient, under a name that only they know and that can be renewed.
func (s *Server) privateFeed(r *http.Request, f *Frame, secret string) (subject, error) {
	ctx := r.Context()
	feeds, err := s.cfg.Store.Feeds(ctx)
	if err != nil {
		return subject{}, err
	}
	var owner *store.Feed
	for i := range feeds {
		if token.Same(feeds[i].Secret, secret) {
			owner = &feeds[i]
		}
	}
	if owner == nil {
		return subject{}, errFeedEnded
	}
	kind, id := owner.Owner()
	sub := subject{tag: kind + "/" + url.PathEscape(id), home: f.address("/", url.Values{}), private: true, keys: map[call.Key]bool{}}
	if kind == "department" {
		if _, ok := s.cfg.Plan.Department(id); !ok {
			return subject{}, errFeedEnded
		}
		sub.name = s.departmentName(*f, id)
		return sub, s.follow(ctx, []subscription.Subscription{{Departments: []string{id}}}, id, "", sub.keys)
	}
	to, err := s.cfg.Store.Recipient(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return subject{}, errFeedEnded
	}
	if err != nil {
		return subject{}, err
	}
	if !r.URL.Query().Has("lang") && s.texts[to.Language] != nil {
		*f = s.frame(inLanguage(r, to.Language))
		sub.home = f.address("/", url.Values{})
	}
	sub.name = to.Name
	return sub, s.follow(ctx, to.Follows, to.Department, to.ID, sub.keys)
}

// inLanguage is a request that asks for a language.
func inLanguage(r *http.Request, lang string) *http.Request {
	to, q := *r, r.URL.Query()
	q.Set("lang", lang)
	to.URL = &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: q.Encode()}
	return &to
}

// follow gives what subscriptions hit, and what was decided: as digests do.
func (s *Server) follow(ctx context.Context, follows []subscription.Subscription, department, recipient string, into map[call.Key]bool) error {
	for _, f := range follows {
		q := index.Query{Text: f.Search, Priorities: slices.Clone(f.Priorities)}
		for _, id := range f.Departments {
			if d, ok := s.cfg.Plan.Department(id); ok {
				q.Priorities = append(q.Priorities, d.Priorities...)
			}
		}
		if f.Empty() || len(q.Priorities) == 0 && len(f.Departments) > 0 { // of a department that has no priorities
			continue
		}
		for _, k := range f.Kinds {
			q.Kinds = append(q.Kinds, string(k))
		}
		keep := func(h *index.Hit) bool {
			return len(f.Programmes) == 0 || slices.ContainsFunc(f.Programmes, func(p string) bool { return strings.EqualFold(p, h.Programme) })
		}
		if err := s.found(ctx, q, keep, into); err != nil {
			return err
		}
	}
	ds, err := s.cfg.Store.Decisions(ctx)
	if err != nil {
		return err
	}
	apply := func(d *subscription.Decision) {
		switch d.Choice {
		case subscription.Follow, subscription.Act:
			into[d.Key] = true
		case subscription.NotRelevant:
			delete(into, d.Key)
		case subscription.Undecided:
		}
	}
	for i := range ds { // the recipient's own come last, and hold
		if department != "" && ds[i].Department == department {
			apply(&ds[i])
		}
	}
	for i := range ds {
		if recipient != "" && ds[i].Recipient == recipient {
			apply(&ds[i])
		}
	}
	return nil
}

// feedsPage lists what can be subscribed to.
type feedsPage struct {
	Frame
	Rows    []feedRow
	Example feedRow
}

type feedRow struct{ Name, Atom, JSON, Calendar string }

func (s *Server) feeds(_ http.ResponseWriter, r *http.Request) (view, error) {
	f := s.frame(r)
	p := feedsPage{Frame: f}
	p.Title = f.titled(f.T.Feed.Heading)
	row := func(name, path string, q url.Values) feedRow {
		at := func(form string) string { return s.origin(r) + f.address(path+"."+form, q) }
		return feedRow{name, at("atom"), at("json"), at("ics")}
	}
	for _, id := range s.cfg.Plan.PriorityIDs() {
		p.Rows = append(p.Rows, row(s.priorityName(f, id), "/feeds/priority/"+url.PathEscape(id), url.Values{}))
	}
	p.Example = row(f.T.Feed.Example, "/feeds/search", url.Values{"q": {f.T.Feed.Example}})
	return view{page: "feeds", data: p}, nil
}
