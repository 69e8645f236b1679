package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"utkik/index"
	"utkik/internal/plan"
)

// suggestTime bounds what is done for a word half typed: later than that nobody waits for it.
const suggestTime = 500 * time.Millisecond

// maxPriorities is how many of the plan's priorities are suggested at most.
const maxPriorities = 2

// suggested is a suggestion as the page's script reads it: a query to search for, or an address to go to.
type suggested struct {
	Label string `json:"label"`
	Lang  string `json:"lang,omitempty"` // of the label, where it is not the page's
	Note  string `json:"note"`           // what it is
	Query string `json:"query,omitempty"`
	URL   string `json:"url,omitempty"`
}

// suggest tells what a word half typed may become.
func (s *Server) suggest(w http.ResponseWriter, r *http.Request) {
	f := s.frame(r)
	ctx, cancel := context.WithTimeout(r.Context(), suggestTime)
	defer cancel()
	typed := oneLine(r.URL.Query().Get("q"))
	found, err := s.cfg.Index.Suggest(ctx, index.Prompt{Text: typed, Lang: f.Lang, Now: s.cfg.Now(), Terms: s.terms})
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) { // the box is as good without
		s.cfg.Log.ErrorContext(r.Context(), "no suggestions", "url", r.URL.Path, "err", err)
	}
	out := struct {
		Suggestions []suggested `json:"suggestions"`
	}{[]suggested{}}
	for _, id := range s.prioritiesLike(f, typed) {
		a := asked{chosen: map[string][]string{index.FacetPriority: {id}}}
		out.Suggestions = append(out.Suggestions, suggested{Label: s.priorityName(f, id), Note: f.T.Suggest.Kinds["priority"], URL: a.address(f)})
	}
	for _, x := range found {
		sug := suggested{Label: x.Text, Note: f.T.Suggest.Kinds[x.Kind], Query: x.Query}
		if x.Kind == index.SuggestTitle {
			sug.Label, sug.URL = short(x.Text, 120), callLink(f, x.Key)
			if in := tag(x.Lang); in != f.Lang {
				sug.Lang = in
			}
		}
		out.Suggestions = append(out.Suggestions, sug)
	}
	body, err := json.Marshal(out)
	if err != nil {
		s.cfg.Log.ErrorContext(r.Context(), "no suggestions", "url", r.URL.Path, "err", err) // unreachable: texts alone
		body = []byte(`{"suggestions":[]}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "private, max-age=60") // the same letters are typed again and again
	_, _ = w.Write(body)                                   // the reader went away: nothing to do
}

// prioritiesLike gives those of which a word begins as what was typed.
func (s *Server) prioritiesLike(f Frame, typed string) []string {
	var out []string
	typed = strings.ToLower(typed)
	if len([]rune(typed)) < 3 {
		return nil
	}
	for _, id := range s.cfg.Plan.PriorityIDs() {
		name := " " + strings.ToLower(s.priorityName(f, id))
		if len(out) < maxPriorities && strings.Contains(name, " "+typed) {
			out = append(out, id)
		}
	}
	return out
}

// planTerms are the plan's words as one may search for them, the weightiest first. What it has with a star is but a part of
// words.
func planTerms(p *plan.Plan) []string {
	weight := map[string]float64{}
	for i := range p.Priorities {
		for _, t := range p.Priorities[i].Vocabulary {
			for _, w := range append(slices.Clone(t.EN), t.SV) {
				if w = strings.TrimSpace(w); w != "" && t.Weight > 0 && !strings.Contains(w, "*") {
					weight[w] = max(weight[w], t.Weight)
				}
			}
		}
	}
	var out []string
	for w := range weight {
		out = append(out, w)
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(cmp.Compare(weight[b], weight[a]), strings.Compare(a, b)) })
	return out
}

// suggestTexts are the words of the list under the search box.
type suggestTexts struct {
	Label string            `json:"label"`
	Found string            `json:"found"` // how many
	Kinds map[string]string `json:"kinds"`
}

// suggestAddress is where the script asks.
func (f Frame) suggestAddress() string { return f.address("/suggest", url.Values{}) }
