package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"utkik/internal/account"
	"utkik/internal/call"
	"utkik/internal/store"
	"utkik/internal/subscription"
)

// verdict is a decision in force about a call, in words.
type verdict struct{ Text, Why, By string }

// decideForm is how an editor decides.
type decideForm struct {
	Action  string
	For     []choice
	Choices []choice
	Wrong   bool // no reason was given
}

type choice struct {
	Value, Name string
	On          bool
}

// choices are what an editor may decide, in the order of the page.
func choices() []subscription.Choice {
	return []subscription.Choice{subscription.Act, subscription.Follow, subscription.NotRelevant, subscription.Undecided}
}

// decisions gives what is decided about a call: by departments, for all to see, and for editors also by single recipients; and
// the form by which an editor decides.
func (s *Server) decisions(r *http.Request, f Frame, key call.Key) ([]verdict, *decideForm, error) {
	ctx, actor := r.Context(), s.actor(r)
	all, err := s.cfg.Store.DecisionsOf(ctx, key)
	if err != nil {
		return nil, nil, err
	}
	type whose struct{ department, recipient string }
	last := map[whose]subscription.Decision{}
	var order []whose
	for _, d := range all { // the last one is in force
		w := whose{d.Department, d.Recipient}
		if _, ok := last[w]; !ok {
			order = append(order, w)
		}
		last[w] = d
	}
	editor := actor.May(account.Editor)
	var out []verdict
	for _, w := range order {
		d := last[w]
		if d.Choice == subscription.Undecided || w.recipient != "" && !editor {
			continue
		}
		name := s.departmentName(f, w.department)
		if w.recipient != "" {
			name = w.recipient
			if rec, err := s.cfg.Store.Recipient(ctx, w.recipient); err == nil {
				name = rec.Name
			}
		}
		v := verdict{Text: fmt.Sprintf(f.T.Sheet.Decided[string(d.Choice)], name), Why: d.Why, By: f.T.day(d.At)}
		if editor && d.Who != "" && d.Who != name {
			v.By = fmt.Sprintf(f.T.Sheet.DecidedBy, v.By, d.Who)
		}
		out = append(out, v)
	}
	if !editor {
		return out, nil, nil
	}
	form := &decideForm{Action: f.address("/decide/"+key.Path(), url.Values{}), Wrong: r.URL.Query().Has("wrong")}
	own := s.departmentOf(r, actor)
	if form.Wrong { // for whom it was asked
		own = cmp.Or(r.URL.Query().Get("wrong"), own)
	}
	for _, d := range s.cfg.Plan.Departments {
		form.For = append(form.For, choice{d.ID, s.departmentName(f, d.ID), d.ID == own})
	}
	for i, c := range choices() {
		on := i == 0
		if form.Wrong {
			on = c == subscription.NotRelevant
		}
		form.Choices = append(form.Choices, choice{string(c), f.T.Sheet.Choices[string(c)], on})
	}
	return out, form, nil
}

// departmentOf is the department of the recipient that an actor is; empty when none is known.
func (s *Server) departmentOf(r *http.Request, a account.Actor) string {
	if a.Mail == "" {
		return ""
	}
	all, err := s.cfg.Store.Recipients(r.Context())
	if err != nil {
		return "" // the page can be used without
	}
	i := slices.IndexFunc(all, func(x subscription.Recipient) bool { return strings.EqualFold(x.Address, a.Mail) })
	if i < 0 {
		return ""
	}
	return all[i].Department
}

// decide keeps what an editor decided about a call for a department.
func (s *Server) decide(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	f, actor := s.frame(r), s.actor(r)
	key := call.Key{Source: r.PathValue("source"), Ref: r.PathValue("ref")}
	d := subscription.Decision{Key: key, Department: r.PostFormValue("department"), Choice: subscription.Choice(r.PostFormValue("choice")),
		Why: typedLine(r.PostFormValue("why"), 500), Who: short(cmp.Or(actor.Name, actor.ID), 60), At: s.cfg.Now()}
	back := func(q url.Values) {
		http.Redirect(w, r, f.address("/call/"+key.Path(), q)+"#decisions", http.StatusSeeOther)
	}
	if d.Choice == subscription.NotRelevant && d.Why == "" {
		back(url.Values{"wrong": {d.Department}})
		return
	}
	_, known := s.cfg.Plan.Department(d.Department)
	err := d.Check()
	if !known {
		err = errors.Join(err, fmt.Errorf("department %q is not in the plan", d.Department))
	}
	if err != nil { // no form of ours sends that
		s.cfg.Log.InfoContext(r.Context(), "decision refused", "call", key.String(), "err", err)
		s.page(func(http.ResponseWriter, *http.Request) (view, error) { return view{}, errNotUnderstood })(w, r)
		return
	}
	ctx := store.Audited(r.Context(), store.Entry{Who: actor.ID, Way: store.WayWeb, What: "decision.set", On: key.String(),
		Detail: string(d.Choice) + " for department " + d.Department})
	if err := s.cfg.Store.Decide(ctx, d); err != nil {
		s.page(func(http.ResponseWriter, *http.Request) (view, error) { return view{}, err })(w, r)
		return
	}
	s.cfg.Log.InfoContext(r.Context(), "decided on the page", "call", key.String(), "department", d.Department, "choice", string(d.Choice))
	back(url.Values{})
}

// typedLine is what somebody typed, on one line and cut to n letters.
func typedLine(s string, n int) string {
	return short(strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " "), n)
}
