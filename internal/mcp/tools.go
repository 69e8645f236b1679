package mcp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strings"
	"time"

	"utkik/index"
	"utkik/internal/call"
	"utkik/internal/match"
	"utkik/internal/plan"
	"utkik/internal/store"
	"utkik/internal/text"
)

// How much one answer holds: a model reads every letter of it.
const (
	usualHits  = 10
	mostHits   = 25
	textAtOnce = 6000 // letters of a call's text
	lately     = 6    // changes
	mostOthers = 10
)

// brief is a call in a list.
type brief struct {
	ID         string   `json:"id" jsonschema:"for get_call and explain_match"`
	Title      string   `json:"title"`
	Kind       string   `json:"kind" jsonschema:"call, consultation, planned or news"`
	Status     string   `json:"status" jsonschema:"open, forthcoming or closed, today"`
	Programme  string   `json:"programme,omitempty"`
	Opens      string   `json:"opens,omitempty"`
	Deadline   string   `json:"deadline,omitempty" jsonschema:"the next one, local to Brussels"`
	Priorities []string `json:"priorities,omitempty" jsonschema:"of the plan, best first"`
	Snippet    string   `json:"snippet,omitempty" jsonschema:"from the call, with what was found between « and »"`
	Page       string   `json:"page" jsonschema:"for people"`
	Source     string   `json:"source_url,omitempty" jsonschema:"where it was published"`
}

// why is one reason of a match: the two sentences that met.
type why struct {
	Plan   string  `json:"plan_says"`
	PlanEN string  `json:"plan_says_en,omitempty"`
	Call   string  `json:"call_says" jsonschema:"with what was found between « and »"`
	Points float64 `json:"points" jsonschema:"negative when it spoke against"`
}

type searchIn struct {
	Query          string   `json:"query,omitempty" jsonschema:"words to look for, in Swedish or English"`
	Status         []string `json:"status,omitempty" jsonschema:"only these: open, forthcoming, closed"`
	Kind           []string `json:"kind,omitempty" jsonschema:"only these: call, consultation, planned, news"`
	Programme      []string `json:"programme,omitempty" jsonschema:"only these, by short name such as HORIZON or CEF"`
	Priority       []string `json:"priority,omitempty" jsonschema:"only what concerns these priorities of the plan, by id"`
	DeadlineAfter  string   `json:"deadline_after,omitempty" jsonschema:"a day such as 2026-09-01: some deadline on it or later"`
	DeadlineBefore string   `json:"deadline_before,omitempty" jsonschema:"a day: some deadline on it or earlier"`
	Sort           string   `json:"sort,omitempty" jsonschema:"relevance (usual), deadline or newest"`
	Language       string   `json:"language,omitempty" jsonschema:"of titles, where there are several: sv (usual) or en"`
	Limit          int      `json:"limit,omitempty" jsonschema:"1 to 25, usually 10"`
	Page           int      `json:"page,omitempty" jsonschema:"from 1"`
}

type searchOut struct {
	Total      int      `json:"total"`
	Calls      []brief  `json:"calls"`
	Also       []string `json:"also_searched,omitempty" jsonschema:"words of the other language"`
	DidYouMean string   `json:"did_you_mean,omitempty"`
	Next       string   `json:"next" jsonschema:"what to do now"`
}

func (s *Server) search(ctx context.Context, in searchIn) (searchOut, error) {
	q := index.Query{Text: in.Query, Status: in.Status, Kinds: in.Kind, Programmes: in.Programme, Priorities: in.Priority,
		Sort: cmp.Or(in.Sort, index.SortRelevance),
		Lang: cmp.Or(in.Language, "sv"), Highlight: true}
	if err := errors.Join(
		oneOf("status", in.Status, []string{"open", "forthcoming", "closed"}),
		oneOf("kind", in.Kind, []string{"call", "consultation", "planned", "news"}),
		oneOf("priority", in.Priority, s.cfg.Plan().PriorityIDs()),
		oneOf("sort", []string{q.Sort}, []string{index.SortRelevance, index.SortDeadline, index.SortNewest}),
		oneOf("language", []string{q.Lang}, []string{"sv", "en"}),
	); err != nil {
		return searchOut{}, err
	}
	for name, d := range map[string]struct {
		text string
		into *time.Time
	}{"deadline_after": {in.DeadlineAfter, &q.DeadlineAfter}, "deadline_before": {in.DeadlineBefore, &q.DeadlineBefore}} {
		if d.text == "" {
			continue
		}
		t, err := time.ParseInLocation(time.DateOnly, d.text, call.Brussels())
		if err != nil {
			return searchOut{}, refuse("%s: %q is no day", "Write it as 2026-09-30 and call search again.", name, d.text)
		}
		*d.into = t
	}
	out := searchOut{Calls: []brief{}}
	res, err := s.find(ctx, &q, in.Limit, in.Page)
	if err != nil {
		return out, err
	}
	out.Total, out.DidYouMean = res.Total, res.DidYouMean
	for _, a := range res.Also {
		out.Also = append(out.Also, a.Also...)
	}
	for i := range res.Hits {
		b, err := s.brief(ctx, &res.Hits[i])
		if err != nil {
			return out, err
		}
		b.Snippet = marked(res.Hits[i].Snippet)
		out.Calls = append(out.Calls, b)
	}
	switch shown := q.Offset + len(out.Calls); {
	case out.Total == 0 && len(in.Status)+len(in.Kind)+len(in.Programme)+len(in.Priority) > 0:
		out.Next = "Nothing found with these filters: call search again without some of them, or with other words."
	case out.Total == 0:
		out.Next = "Nothing found: call search again with fewer or other words, for instance one word of the subject."
	case shown < out.Total:
		out.Next = fmt.Sprintf("%d more: call search with page %d, or narrow it with status, kind, programme, priority or "+
			"deadline_before. get_call reads one.", out.Total-shown, max(in.Page, 1)+1)
	default:
		out.Next = "That is all. get_call reads one, explain_match says why it concerns the plan."
	}
	return out, nil
}

// find searches for a page of hits, and sets what q lacks.
func (s *Server) find(ctx context.Context, q *index.Query, limit, page int) (index.Result, error) {
	if limit < 0 || limit > mostHits || page < 0 || page > 400 {
		return index.Result{}, refuse("limit %d or page %d is out of range", "Use a limit of 1 to 25 and pages from 1.",
			limit, page)
	}
	q.Limit = cmp.Or(limit, usualHits)
	q.Offset, q.Now = (max(page, 1)-1)*q.Limit, s.cfg.Now()
	return s.cfg.Index.Search(ctx, *q)
}

func (s *Server) brief(ctx context.Context, h *index.Hit) (brief, error) {
	c := call.Call{Deadlines: h.Deadlines}
	b := brief{ID: h.Key().String(), Title: cmp.Or(h.Title, h.Identifier, h.Ref), Kind: string(h.Kind),
		Status: string(h.Status), Programme: h.Programme, Page: s.page(h.Key()), Source: webURL(h.URL)}
	if d, ok := c.NextDeadline(s.cfg.Now()); ok {
		b.Deadline = moment(d)
	}
	if h.Status == call.StatusForthcoming {
		b.Opens = moment(h.Opens)
	}
	ms, err := s.results(ctx, h.Key())
	for _, m := range ms {
		if m.Included {
			b.Priorities = append(b.Priorities, m.Priority)
		}
	}
	return b, err
}

func (s *Server) results(ctx context.Context, k call.Key) ([]match.Result, error) {
	return s.cfg.Store.Matches(ctx, s.cfg.Plan().ID, k)
}

// page is the address of a call's page.
func (s *Server) page(k call.Key) string {
	return strings.TrimRight(s.cfg.BaseURL, "/") + "/call/" + k.Path()
}

// moment is a day, with its clock time where there is one, in Brussels.
func moment(m call.Moment) string {
	if m.IsZero() || m.DayOnly() {
		return m.Date()
	}
	return m.Time().In(call.Brussels()).Format("2006-01-02 15:04")
}

// marked turns a snippet, which is HTML, into words with what was found between « and ».
func marked(snippet string) string {
	return html.UnescapeString(strings.NewReplacer("<mark>", "«", "</mark>", "»").Replace(snippet))
}

// webURL is an address that people may follow; empty for any other.
func webURL(s string) string {
	if u, err := url.Parse(s); err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return s
}

// unknown refuses a value that there is not, with the nearest that there is.
func unknown(what, value string, known []string) error {
	if near := text.Nearest(value, known); near != "" {
		return refuse("there is no %s %q", "Did you mean %q? There are: %s.", what, value, near, strings.Join(known, ", "))
	}
	return refuse("there is no %s %q", "There are: %s.", what, value, strings.Join(known, ", "))
}

// record reads a call by its id.
func (s *Server) record(ctx context.Context, id string) (store.Record, error) {
	const next = "Ids are source/ref as search gives them, such as ft-portal/50138952TOPICS: call search first."
	key, err := call.ParseKey(strings.TrimSpace(id))
	if err != nil {
		return store.Record{}, refuse("%q is no id of a call", next, id)
	}
	rec, err := s.cfg.Store.Record(ctx, key)
	if errors.Is(err, store.ErrNotFound) {
		return rec, refuse("there is no call %q", next, id)
	}
	return rec, err
}

type getIn struct {
	ID       string `json:"id" jsonschema:"source/ref, as search gives it"`
	Language string `json:"language,omitempty" jsonschema:"of the title, where there are several: sv (usual) or en"`
	TextFrom int    `json:"text_from,omitempty" jsonschema:"begin the text at that letter; next says so where there is more"`
}

// whole is a call with what matters of it.
type whole struct {
	ID            string        `json:"id"`
	Title         string        `json:"title"`
	SourceTitle   string        `json:"title_at_source,omitempty"`
	Kind          string        `json:"kind"`
	Status        string        `json:"status" jsonschema:"today"`
	Programme     string        `json:"programme,omitempty"`
	Identifier    string        `json:"identifier,omitempty"`
	Opens         string        `json:"opens,omitempty"`
	Deadlines     []string      `json:"deadlines,omitempty" jsonschema:"local to Brussels, in order of time"`
	DeadlineModel string        `json:"deadline_model,omitempty"`
	Stages        []string      `json:"stages,omitempty" jsonschema:"of a consultation"`
	Expected      string        `json:"expected,omitempty"`
	BudgetEUR     int64         `json:"budget_eur,omitempty" jsonschema:"of all grants together"`
	MinEUR        int64         `json:"per_grant_min_eur,omitempty"`
	MaxEUR        int64         `json:"per_grant_max_eur,omitempty"`
	Grants        int           `json:"grants_expected,omitempty"`
	ActionTypes   []string      `json:"action_types,omitempty"`
	Eligible      string        `json:"who_may_apply,omitempty"`
	Gone          string        `json:"gone_since,omitempty" jsonschema:"its source no longer has it"`
	Priorities    []priorityWhy `json:"priorities" jsonschema:"of the plan that it concerns, with the strongest reason"`
	Changes       []string      `json:"changed_lately,omitempty"`
	AlsoAt        []elsewhere   `json:"also_at,omitempty" jsonschema:"other sources' items of the same call"`
	Page          string        `json:"page"`
	Source        string        `json:"source_url,omitempty"`
	Text          string        `json:"text,omitempty" jsonschema:"quoted from the source"`
	Next          string        `json:"next" jsonschema:"what to do now"`
}

type priorityWhy struct {
	ID    string  `json:"id"`
	Name  string  `json:"name"`
	Score float64 `json:"score"`
	Why   *why    `json:"why,omitempty"`
}

type elsewhere struct {
	ID       string `json:"id"`
	Deadline string `json:"deadline,omitempty"`
	Page     string `json:"page"`
	Source   string `json:"source_url,omitempty"`
}

func (s *Server) getCall(ctx context.Context, in getIn) (whole, error) {
	if err := oneOf("language", []string{cmp.Or(in.Language, "sv")}, []string{"sv", "en"}); err != nil {
		return whole{}, err
	}
	rec, err := s.record(ctx, in.ID)
	if err != nil {
		return whole{}, err
	}
	c, now := &rec.Call, s.cfg.Now()
	title, _ := c.TitleIn(cmp.Or(in.Language, "sv"))
	w := whole{ID: c.Key().String(), Title: cmp.Or(title, c.Identifier, c.Ref), Kind: string(c.Kind),
		Status: string(c.StatusAt(now)), Programme: c.Programme, Identifier: c.Identifier,
		Opens: moment(c.Opens), DeadlineModel: c.DeadlineModel, Expected: c.Expected, BudgetEUR: c.BudgetEUR,
		MinEUR: c.MinEUR, MaxEUR: c.MaxEUR, Grants: c.Grants,
		ActionTypes: c.ActionTypes, Eligible: c.Eligible, Priorities: []priorityWhy{}, Page: s.page(c.Key()), Source: webURL(c.URL)}
	if title != c.Title {
		w.SourceTitle = c.Title
	}
	if !rec.Gone.IsZero() {
		w.Status, w.Gone = string(call.StatusClosed), rec.Gone.In(call.Brussels()).Format(time.DateOnly)
	}
	for _, d := range c.Deadlines {
		w.Deadlines = append(w.Deadlines, moment(d))
	}
	for _, st := range c.Stages {
		w.Stages = append(w.Stages, strings.TrimSpace(fmt.Sprintf("%s: %s to %s", st.Name, cmp.Or(moment(st.Opens), "?"),
			cmp.Or(moment(st.Closes), "?"))))
	}
	if err := s.concerns(ctx, &w, c.Key()); err != nil {
		return whole{}, err
	}
	if err := s.around(ctx, &w, c.Key()); err != nil {
		return whole{}, err
	}
	letters := []rune(c.Text)
	if in.TextFrom < 0 || in.TextFrom > len(letters) {
		return whole{}, refuse("the text has %d letters, so it cannot begin at %d", "Call get_call again with text_from 0.",
			len(letters), in.TextFrom)
	}
	end := min(in.TextFrom+textAtOnce, len(letters))
	w.Text = string(letters[in.TextFrom:end])
	w.Next = "explain_match has every reason. Give people the page's address."
	if end < len(letters) {
		w.Next = fmt.Sprintf("The text goes on: %d letters more with text_from %d. %s", len(letters)-end, end, w.Next)
	}
	return w, nil
}

// concerns fills in which priorities the call concerns, each with its strongest reason.
func (s *Server) concerns(ctx context.Context, w *whole, k call.Key) error {
	ms, err := s.results(ctx, k)
	for _, m := range ms {
		if m.Included {
			w.Priorities = append(w.Priorities, priorityWhy{m.Priority, s.nameOf(m.Priority), m.Score, strongest(m.Reasons)})
		}
	}
	return err
}

// around fills in what changed lately, and other sources' items.
func (s *Server) around(ctx context.Context, w *whole, k call.Key) error {
	changes, err := s.cfg.Store.Changes(ctx, store.ChangeQuery{Key: k})
	if err != nil {
		return err
	}
	for _, ch := range slices.Backward(changes) {
		if len(w.Changes) == lately {
			break
		}
		line := ch.At.In(call.Brussels()).Format(time.DateOnly) + " " + string(ch.Event)
		if ch.Event != call.EventText && (ch.Old != "" || ch.New != "") {
			line += ": " + cut(cmp.Or(ch.Old, "nothing")) + " → " + cut(cmp.Or(ch.New, "nothing"))
		}
		w.Changes = append(w.Changes, line)
	}
	group, err := s.cfg.Store.Group(ctx, k)
	if err != nil {
		return err
	}
	for _, o := range group {
		if o == k || len(w.AlsoAt) == mostOthers {
			continue
		}
		rec, err := s.cfg.Store.Record(ctx, o)
		if err != nil {
			return err
		}
		e := elsewhere{ID: o.String(), Page: s.page(o), Source: webURL(rec.Call.URL)}
		if d, ok := rec.Call.NextDeadline(s.cfg.Now()); ok {
			e.Deadline = moment(d)
		}
		w.AlsoAt = append(w.AlsoAt, e)
	}
	return nil
}

func cut(s string) string {
	if r := []rune(s); len(r) > 120 {
		return string(r[:120]) + "…"
	}
	return s
}

func (s *Server) nameOf(id string) string {
	if p, ok := s.cfg.Plan().Priority(id); ok {
		return p.Name
	}
	return id
}

// strongest is the first reason that spoke for the match.
func strongest(rs []match.Reason) *why {
	for _, r := range rs {
		if r.Weight >= 0 {
			return &why{r.PriorityText, r.PriorityEN, r.CallText, r.Weight}
		}
	}
	return nil
}

type openIn struct {
	Priority    string   `json:"priority" jsonschema:"id of a priority of the plan"`
	Kind        []string `json:"kind,omitempty" jsonschema:"only these: call, consultation, planned, news"`
	Forthcoming *bool    `json:"forthcoming,omitempty" jsonschema:"also what opens later; usually true"`
	Limit       int      `json:"limit,omitempty" jsonschema:"1 to 25, usually 10"`
	Page        int      `json:"page,omitempty" jsonschema:"from 1"`
}

type openOut struct {
	Priority string      `json:"priority"`
	Name     string      `json:"name"`
	Total    int         `json:"total"`
	Calls    []openBrief `json:"calls" jsonschema:"next deadline first"`
	Next     string      `json:"next" jsonschema:"what to do now"`
}

type openBrief struct {
	brief
	Score float64 `json:"score"`
	Why   *why    `json:"why,omitempty" jsonschema:"the strongest reason"`
}

func (s *Server) listOpen(ctx context.Context, in openIn) (openOut, error) {
	p, err := s.priority(in.Priority)
	if err == nil {
		err = oneOf("kind", in.Kind, []string{"call", "consultation", "planned", "news"})
	}
	if err != nil {
		return openOut{}, err
	}
	q := index.Query{Priorities: []string{p.ID}, Kinds: in.Kind, Status: []string{string(call.StatusOpen)},
		Sort: index.SortDeadline, Lang: "sv"}
	if in.Forthcoming == nil || *in.Forthcoming {
		q.Status = append(q.Status, string(call.StatusForthcoming))
	}
	out := openOut{Priority: p.ID, Name: p.Name, Calls: []openBrief{}}
	res, err := s.find(ctx, &q, in.Limit, in.Page)
	if err != nil {
		return out, err
	}
	out.Total = res.Total
	for i := range res.Hits {
		h := &res.Hits[i]
		b, err := s.brief(ctx, h)
		if err != nil {
			return out, err
		}
		o := openBrief{brief: b}
		o.Priorities = nil // it is the one that was asked for
		ms, err := s.results(ctx, h.Key())
		if err != nil {
			return out, err
		}
		if at := slices.IndexFunc(ms, func(m match.Result) bool { return m.Priority == p.ID }); at >= 0 {
			o.Score, o.Why = ms[at].Score, strongest(ms[at].Reasons)
		}
		out.Calls = append(out.Calls, o)
	}
	switch shown := q.Offset + len(out.Calls); {
	case out.Total == 0:
		out.Next = "Nothing is open for it now. search with this priority and status closed shows what there was."
	case shown < out.Total:
		out.Next = fmt.Sprintf("%d more: call list_open_for_priority with page %d. get_call reads one, explain_match "+
			"has every reason.", out.Total-shown, max(in.Page, 1)+1)
	default:
		out.Next = "That is all. get_call reads one, explain_match has every reason."
	}
	return out, nil
}

// priority finds a priority by its id, or by its name as the plan has it.
func (s *Server) priority(id string) (*plan.Priority, error) {
	p := s.cfg.Plan()
	for i := range p.Priorities {
		pr := &p.Priorities[i]
		if pr.ID == id || strings.EqualFold(pr.Name, id) || pr.NameEN != "" && strings.EqualFold(pr.NameEN, id) {
			return pr, nil
		}
	}
	return nil, unknown("priority", id, p.PriorityIDs())
}

type explainIn struct {
	ID       string `json:"id" jsonschema:"source/ref of a call, as search gives it"`
	Priority string `json:"priority,omitempty" jsonschema:"only this one, by id; also where it was not matched"`
}

type explainOut struct {
	ID      string     `json:"id"`
	Title   string     `json:"title"`
	Page    string     `json:"page"`
	Matches []explains `json:"matches" jsonschema:"best first"`
	Next    string     `json:"next" jsonschema:"what to do now"`
}

type explains struct {
	ID      string  `json:"priority"`
	Name    string  `json:"name"`
	Score   float64 `json:"score" jsonschema:"0 to 1, a rank within the priority"`
	Verdict string  `json:"verdict"`
	Reasons []why   `json:"reasons" jsonschema:"strongest first"`
}

func (s *Server) explain(ctx context.Context, in explainIn) (explainOut, error) {
	rec, err := s.record(ctx, in.ID)
	if err != nil {
		return explainOut{}, err
	}
	only := ""
	if in.Priority != "" {
		p, err := s.priority(in.Priority)
		if err != nil {
			return explainOut{}, err
		}
		only = p.ID
	}
	c := &rec.Call
	title, _ := c.TitleIn("sv")
	out := explainOut{ID: c.Key().String(), Title: cmp.Or(title, c.Identifier, c.Ref), Page: s.page(c.Key()), Matches: []explains{}}
	ms, err := s.results(ctx, c.Key())
	if err != nil {
		return out, err
	}
	for _, m := range ms {
		if only != "" && m.Priority != only {
			continue
		}
		e := explains{ID: m.Priority, Name: s.nameOf(m.Priority), Score: m.Score, Reasons: []why{},
			Verdict: "It concerns the priority: a digest carries it."}
		if !m.Included {
			e.Verdict = "Something speaks for it, but too little for a digest."
		}
		for _, r := range m.Reasons {
			e.Reasons = append(e.Reasons, why{r.PriorityText, r.PriorityEN, r.CallText, r.Weight})
		}
		out.Matches = append(out.Matches, e)
	}
	switch {
	case len(out.Matches) > 0:
		out.Next = "Quote both sentences when you tell people why, with the page's address."
	case only != "":
		out.Next = fmt.Sprintf("Nothing in the call speaks for %s: none of its words and rules was found. Without priority "+
			"explain_match shows what it does concern.", only)
	default:
		out.Next = "It concerns none of the plan's priorities: none of their words and rules was found in it."
	}
	return out, nil
}
