package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"utkik/index"
	"utkik/internal/account"
	"utkik/internal/call"
	"utkik/internal/store"
	"utkik/internal/subscription"
)

const (
	maxFollows  = 100 // things that a recipient follows: more are no help to anybody
	maxSaveName = 100 // letters
)

// saveTexts are the words of saving a search as a subscription.
type saveTexts struct {
	Link     string `json:"link"`
	Heading  string `json:"heading"`
	Intro    string `json:"intro"`
	What     string `json:"what"`
	Moving   string `json:"moving"` // of filters that hold of a day
	Name     string `json:"name"`
	For      string `json:"for"`
	Button   string `json:"button"`
	Back     string `json:"back"`
	Done     string `json:"done"` // the recipient
	Empty    string `json:"empty"`
	NoName   string `json:"no_name"` // letters
	NoFor    string `json:"no_for"`
	Nobody   string `json:"nobody"`
	NotYours string `json:"not_yours"`
	There    string `json:"there"` // the recipient
	Full     string `json:"full"`  // the recipient, things
}

// savePage is a search with the form that saves it.
type savePage struct {
	Frame
	About   []string // what the search asks for, in words
	Moving  bool     // some of it holds of the day on which a mail is written
	Action  string
	Back    string
	Name    string
	For     []choice
	Problem string
}

// savers are the recipients for whom somebody may save a search: editors for all, others for those at their own address.
func (s *Server) savers(r *http.Request) ([]subscription.Recipient, error) {
	a := s.actor(r)
	if !a.May(account.Editor) && (a.ID == "" || a.Mail == "") {
		return nil, nil
	}
	all, err := s.cfg.Store.Recipients(r.Context())
	if err != nil {
		return nil, err
	}
	if !a.May(account.Editor) {
		all = slices.DeleteFunc(all, func(x subscription.Recipient) bool { return !strings.EqualFold(x.Address, a.Mail) })
	}
	slices.SortStableFunc(all, func(x, y subscription.Recipient) int { return strings.Compare(x.Name, y.Name) })
	return all, nil
}

// asSubscription writes a search as what a recipient follows. What a subscription has no part for goes into its query, so
// that it hits what the page finds.
func (a asked) asSubscription() (subscription.Subscription, error) {
	f := subscription.Subscription{Departments: a.chosen[index.FacetDepartment], Priorities: a.chosen[index.FacetPriority], Programmes: a.chosen[index.FacetProgramme]}
	for _, k := range a.chosen[index.FacetKind] {
		f.Kinds = append(f.Kinds, call.Kind(k))
	}
	var parts []string
	part := func(field string, values []string) {
		var all []string
		for _, v := range values {
			all = append(all, index.Value(field, v))
		}
		switch len(all) {
		case 0:
		case 1:
			parts = append(parts, all[0])
		default:
			parts = append(parts, "("+strings.Join(all, " OR ")+")")
		}
	}
	if len(f.Departments) > 0 { // which stands for its priorities, so that either would do
		part("priority", f.Priorities)
		f.Priorities = nil
	}
	part("status", a.chosen[index.FacetStatus])
	part("deadline", a.chosen[index.FacetDeadline])
	part("budget", a.chosen[index.FacetBudget])
	part("action", a.chosen[index.FacetAction])
	part("source", a.chosen[index.FacetSource])
	query, err := a.query, error(nil)
	if a.typed {
		if query, err = index.Literal(query); err != nil {
			return f, err
		}
	}
	if query != "" {
		if strings.Contains(query, " OR ") || strings.Contains(query, " ELLER ") {
			query = "(" + query + ")"
		}
		parts = slices.Insert(parts, 0, query)
	}
	f.Search = strings.Join(parts, " ")
	if len(parts) == 1 && a.query != "" && !a.typed {
		f.Search = a.query
	}
	_, err = index.Parse(f.Search)
	return f, err
}

// inWords tells what a search asks for.
func (s *Server) inWords(f Frame, a asked) []string {
	var out []string
	if a.query != "" {
		out = append(out, fmt.Sprintf(f.T.Words, short(a.query, 200)))
	}
	for _, name := range facetOrder {
		var values []string
		for _, v := range ordered(name, a.chosen[name]) {
			values = append(values, s.label(f, name, v))
		}
		if len(values) > 0 {
			out = append(out, f.T.Facets[name]+": "+strings.Join(values, ", "))
		}
	}
	return out
}

// savable is the page of a search that somebody may save.
func (s *Server) savable(r *http.Request) (savePage, asked, []subscription.Recipient, error) {
	f, a := s.frame(r), read(r.URL.Query())
	to, err := s.savers(r)
	switch {
	case err != nil:
		return savePage{}, a, nil, err
	case r.Method == http.MethodPost && len(to) == 0 && !s.actor(r).May(account.Editor):
		return savePage{}, a, nil, errNotAllowed
	}
	a.page = 1
	path := "/save/own"
	if s.actor(r).May(account.Editor) {
		path = "/save"
	}
	p := savePage{Frame: f, About: s.inWords(f, a), Action: f.address(path, a.values()), Back: a.address(f)}
	p.Title = f.titled(f.T.Save.Heading)
	p.Moving = len(a.chosen[index.FacetStatus])+len(a.chosen[index.FacetDeadline]) > 0
	p.SwitchTo = Frame{Lang: p.Other, Root: p.Root}.address("/save", a.values())
	p.Name = plainName(cmp.Or(a.query, strings.Join(p.About, "; ")))
	for i := range to {
		own := strings.EqualFold(to[i].Address, s.actor(r).Mail)
		p.For = append(p.For, choice{to[i].ID, to[i].Name + " (" + to[i].Address + ")", own})
	}
	return p, a, to, nil
}

// plainName is a name without what sets names apart from what they stand for, where both are written on one line.
func plainName(s string) string {
	return typedLine(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:="`, r) {
			return ' '
		}
		return r
	}, oneLine(s)), maxSaveName)
}

// saving asks under which name and for whom.
func (s *Server) saving(_ http.ResponseWriter, r *http.Request) (view, error) {
	p, a, _, err := s.savable(r)
	if err != nil {
		return view{}, err
	}
	var status int
	switch p.Problem, status = s.unfit(p.Frame, a); {
	case p.Problem != "":
		p.For = nil // there is nothing to save
	case len(p.For) == 0 && !s.actor(r).May(account.Editor):
		p.Problem = p.T.Save.NotYours
	case len(p.For) == 0:
		p.Problem = p.T.Save.Nobody
	}
	return view{"save", p, status}, nil
}

// unfit tells why a search cannot be followed, with the page's status; nothing when it can.
func (s *Server) unfit(f Frame, a asked) (string, int) {
	what, err := a.asSubscription()
	var wrong *index.QueryError
	switch {
	case errors.As(err, &wrong):
		return fmt.Sprintf(f.T.ProblemQuery, wrong.Message(f.Lang)), http.StatusBadRequest
	case what.Empty():
		return f.T.Save.Empty, http.StatusBadRequest
	}
	return "", 0
}

// save keeps the search among what a recipient follows.
func (s *Server) save(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	v, next, err := s.saved(r)
	if next != "" {
		http.Redirect(w, r, next, http.StatusSeeOther)
		return
	}
	s.page(func(http.ResponseWriter, *http.Request) (view, error) { return v, err })(w, r)
}

// saved saves, and gives the address that tells so; else the page that tells why not.
func (s *Server) saved(r *http.Request) (v view, next string, err error) {
	p, a, to, err := s.savable(r)
	if err != nil {
		return view{}, "", err
	}
	t := p.T.Save
	refuse := func(text string) (view, string, error) {
		p.Problem = text
		return view{"save", p, http.StatusBadRequest}, "", nil
	}
	typed, id := oneLine(r.PostFormValue("name")), r.PostFormValue("for")
	p.Name = short(typed, maxSaveName)
	for i := range p.For {
		p.For[i].On = p.For[i].Value == id
	}
	if text, _ := s.unfit(p.Frame, a); text != "" {
		p.For = nil
		return refuse(text)
	}
	at := slices.IndexFunc(to, func(x subscription.Recipient) bool { return x.ID == id })
	switch {
	case typed == "" || len([]rune(typed)) > maxSaveName || plainName(typed) != typed:
		return refuse(fmt.Sprintf(t.NoName, number(maxSaveName, p.T.Group)))
	case at < 0:
		return refuse(t.NoFor)
	case len(to[at].Follows) >= maxFollows:
		return refuse(fmt.Sprintf(t.Full, to[at].Name, number(maxFollows, p.T.Group)))
	}
	what, err := a.asSubscription()
	if err != nil {
		return view{}, "", err // unreachable: see unfit
	}
	what.Name = typed
	alone := subscription.Recipient{ID: to[at].ID, Address: to[at].Address, Name: to[at].Name, Language: to[at].Language, Zone: to[at].Zone, Hour: to[at].Hour,
		Rhythm: to[at].Rhythm, Weekday: to[at].Weekday, Follows: []subscription.Subscription{what}}
	for _, problem := range alone.Check(s.known()) { // such as a department that left the plan while somebody searched
		return refuse(fmt.Sprintf(p.T.ProblemQuery, problem.Text))
	}
	ctx := store.Audited(r.Context(), store.Entry{Who: s.actor(r).ID, Way: store.WayWeb, What: "subscription.add", On: id, Detail: what.String()})
	err = s.cfg.Store.Subscribe(ctx, id, what)
	if errors.Is(err, store.ErrExists) {
		return refuse(fmt.Sprintf(t.There, to[at].Name))
	}
	if err != nil {
		return view{}, "", err
	}
	s.cfg.Log.InfoContext(ctx, "search saved on the page", "recipient", id)
	q := a.values()
	q.Set("saved", id)
	return view{}, p.address("/", q), nil
}

// known is what subscriptions are checked against.
func (s *Server) known() subscription.Known {
	return subscription.Known{
		Department: func(id string) bool { _, ok := s.cfg.Plan.Department(id); return ok },
		Priority:   func(id string) bool { _, ok := s.cfg.Plan.Priority(id); return ok },
		Query:      func(text string) error { _, err := index.Parse(text); return err },
	}
}

// saveLinks fills in what the search page says of saving: where, and that it was done.
func (s *Server) saveLinks(r *http.Request, p *searchPage, a asked) error {
	to, err := s.savers(r)
	if err != nil {
		return err
	}
	if len(to) > 0 || s.actor(r).May(account.Editor) {
		p.Save = p.address("/save", a.values())
	}
	if id := r.URL.Query().Get("saved"); id != "" {
		if i := slices.IndexFunc(to, func(x subscription.Recipient) bool { return x.ID == id }); i >= 0 {
			p.Saved = fmt.Sprintf(p.T.Save.Done, to[i].Name)
		}
	}
	return nil
}
