package haveyoursay

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"utkik/crawler/kind"
	"utkik/internal/call"
	"utkik/internal/text"
)

// page is the address for people. The portal adds the title as a slug, and does without.
const page = "https://ec.europa.eu/info/law/better-regulation/have-your-say/initiatives/"

// Values of receivingFeedbackStatus.
const (
	feedbackOpen     = "OPEN"
	feedbackUpcoming = "UPCOMING"
	feedbackClosed   = "CLOSED"
	feedbackDisabled = "DISABLED"
)

// row is one initiative of the list.
type row struct {
	ID           number        `json:"id"`
	Reference    string        `json:"reference"`
	ShortTitle   string        `json:"shortTitle"`
	ActType      string        `json:"foreseenActType"`
	Periods      []period      `json:"currentStatuses"`
	Topics       []topic       `json:"topics"`
	Translations []translation `json:"initiativeTranslations"`
}

// period is one time of feedback. An initiative may have several at once: initiative 19293 had.
type period struct {
	Stage    string `json:"frontEndStage"`
	Feedback string `json:"receivingFeedbackStatus"`
	Start    string `json:"feedbackStartDate"`
	End      string `json:"feedbackEndDate"`
	Current  bool   `json:"isCurrent"`
}

type topic struct {
	Code  string `json:"code"`
	Label string `json:"label"`
}

type translation struct {
	Field    string `json:"field"`
	Language string `json:"language"`
	Value    string `json:"value"`
}

// number is an initiative's number, which comes as 18805, as 18805.0 and as text; 0 when it is none of these.
type number int64

func (n *number) UnmarshalJSON(b []byte) error {
	f, err := strconv.ParseFloat(strings.Trim(string(b), `"`), 64)
	if err != nil || f != math.Trunc(f) || f < 1 || f > 1<<53 {
		f = 0
	}
	*n = number(f)
	return nil
}

// readRow reads a row. Fields of an impossible type are left out; a row without a number is an error.
func readRow(raw json.RawMessage) (row, error) {
	var r row
	err := json.Unmarshal(raw, &r)
	odd := (*json.UnmarshalTypeError)(nil)
	switch {
	case errors.As(err, &odd) && odd.Field == "":
		return row{}, fmt.Errorf("it is a JSON %s, not an initiative", odd.Value)
	case err != nil && odd == nil:
		return row{}, err
	}
	// Where odd is a field, the decoder went on after it.
	if r.ID == 0 {
		return row{}, fmt.Errorf("it has no number: %s", raw[:min(len(raw), 200)])
	}
	return r, nil
}

// has tells whether one of the periods has this feedback status.
func (r *row) has(feedback string) bool {
	return slices.ContainsFunc(r.Periods, func(p period) bool { return p.Feedback == feedback })
}

// stamp hashes what the list says of an initiative.
func (r *row) stamp() string {
	h := sha256.New()
	fmt.Fprintf(h, "%d %q %q %q", r.ID, r.Reference, r.ShortTitle, r.ActType)
	for _, p := range r.Periods {
		fmt.Fprintf(h, " %q %q %q %q", p.Stage, p.Feedback, p.Start, p.End)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func (r *row) item(source string) (kind.Item, []kind.Note) {
	ref := strconv.FormatInt(int64(r.ID), 10)
	c := call.Call{
		Source:      source,
		Ref:         ref,
		Kind:        call.KindConsultation,
		Identifier:  text.Clean(r.Reference),
		Status:      r.status(),
		URL:         page + ref + "_en",
		Topics:      topics(r.Topics),
		ActionTypes: actionTypes(r.ActType, r.Periods),
	}
	// Where the portal has an English title, that is the call's, so that title and text are of one language. The other
	// language of our readers goes beside it; the portal has up to 24.
	titles := r.titles()
	c.Title, c.Language = title(titles)
	for _, lang := range []string{"en", "sv"} {
		if t := titles[lang]; t != "" && lang != c.Language && t != c.Title {
			c.Translations = append(c.Translations, call.Translation{Language: lang, Title: t})
		}
	}
	c.Stages = timeline(r.Periods)
	var hold string
	if c.Title == "" {
		hold = "the initiative has no title"
	}
	var notes []kind.Note
	note := func(format string, args ...any) {
		notes = append(notes, kind.Note{Ref: ref, Text: fmt.Sprintf(format, args...)})
	}
	for _, p := range counting(r.Periods) {
		start, startOK := day(p.Start)
		end, endOK := day(p.End)
		if !endOK && p.End != "" {
			hold = join(hold, fmt.Sprintf("closing date %q cannot be read", excerpt(p.End)))
		}
		if !startOK && p.Start != "" {
			note("opening date %q cannot be read", excerpt(p.Start))
		}
		if endOK {
			c.Deadlines = append(c.Deadlines, end)
		}
		if startOK && endOK && start.Compare(end) > 0 {
			note("its feedback opens on %s, after it closes on %s; the opening is left out", start, end)
			continue
		}
		if startOK && (c.Opens.IsZero() || start.Compare(c.Opens) < 0) {
			c.Opens = start
		}
	}
	slices.SortStableFunc(c.Deadlines, call.Moment.Compare)
	c.Deadlines = slices.CompactFunc(c.Deadlines, call.Moment.Equal)
	if c.Status == call.StatusOpen && len(c.Deadlines) == 0 && hold == "" {
		note("its feedback is open without a closing date")
	}
	return kind.Item{Call: c, Hold: hold}, notes
}

// counting gives the periods whose dates are the call's: those that are open or to come, and closed ones that ran
// beside them. Earlier stages are left out, since their dates ask nothing of the reader any more; those beside stay,
// since otherwise the end of one of two periods would look like a moved deadline. Where no period is open or to
// come, the current ones count, or else all.
func counting(all []period) []period {
	var live, current, stated []period
	first := ""
	for _, p := range all {
		if p.Feedback == feedbackDisabled {
			continue
		}
		stated = append(stated, p)
		if p.Current {
			current = append(current, p)
		}
		if p.Feedback == feedbackOpen || p.Feedback == feedbackUpcoming {
			live = append(live, p)
			if s, ok := day(p.Start); ok && (first == "" || s.Date() < first) {
				first = s.Date()
			}
		}
	}
	switch {
	case len(live) == 0 && len(current) > 0:
		return current
	case len(live) == 0:
		return stated
	case first == "":
		return live
	}
	return slices.DeleteFunc(stated, func(p period) bool {
		end, ok := day(p.End)
		beside := ok && end.Date() >= first
		return p.Feedback != feedbackOpen && p.Feedback != feedbackUpcoming && !beside
	})
}

// status is what the portal says, not what its dates say: periods stay OPEN past their end and UPCOMING past their
// start, and call.StatusAt knows what to make of that.
func (r *row) status() call.Status {
	switch {
	case r.has(feedbackOpen):
		return call.StatusOpen
	case r.has(feedbackUpcoming):
		return call.StatusForthcoming
	case r.has(feedbackClosed):
		return call.StatusClosed
	}
	return ""
}

// titles gives the titles by language.
func (r *row) titles() map[string]string {
	titles := map[string]string{}
	for _, t := range r.Translations {
		lang := strings.ToLower(strings.TrimSpace(t.Language))
		if v := clean(t.Value); t.Field == "SHORT_TITLE" && v != "" && lang != "" && titles[lang] == "" {
			titles[lang] = v
		}
	}
	if t := clean(r.ShortTitle); t != "" {
		titles["en"] = t // it comes in the language that was asked for
	}
	return titles
}

// title chooses the title and its language: English, else Swedish, else the first other language by its code.
func title(titles map[string]string) (title, language string) {
	for _, lang := range append([]string{"en", "sv"}, slices.Sorted(maps.Keys(titles))...) {
		if titles[lang] != "" {
			return titles[lang], lang
		}
	}
	return "", ""
}

// timeline gives every period in order of time, those of earlier stages too: what was asked, and from when to when. A
// period that is only planned has no dates yet; one that asks nothing has no place here.
func timeline(all []period) []call.Stage {
	var out []call.Stage
	for _, p := range all {
		s := call.Stage{Name: stageName(p.Stage)}
		if s.Name == "" || p.Feedback == feedbackDisabled {
			continue
		}
		s.Opens, _ = day(p.Start)
		s.Closes, _ = day(p.End)
		if !s.Opens.IsZero() && !s.Closes.IsZero() && s.Opens.Compare(s.Closes) > 0 {
			s.Opens = call.Moment{} // initiative 14641: it is said in a note
		}
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	call.SortStages(out)
	return out
}

// clean mends a title: entities come undecoded in some ("Public consultation on&#xa0;Evaluation of ...").
func clean(s string) string { return text.Clean(html.UnescapeString(s)) }

// topics gives the policy areas by their labels, in order of the alphabet.
func topics(list []topic) []string {
	var out []string
	for _, t := range list {
		code := text.Clean(t.Code)
		if l := cmp.Or(clean(t.Label), topicLabel(code), code); l != "" {
			out = append(out, l)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// actionTypes says what is asked of people and which act it is about.
func actionTypes(act string, periods []period) []string {
	var out []string
	for _, p := range counting(periods) {
		if s := stageName(p.Stage); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	if a := actName(text.Clean(act)); a != "" && !slices.Contains(out, a) {
		out = append(out, a)
	}
	return out
}

// day reads a date. Feedback is open until midnight in Brussels at the end of its last day, whatever clock time stands
// beside it: 00:00:00 and 23:59:59 are both used for that, and openings carry the minute at which somebody pressed the
// button.
func day(s string) (call.Moment, bool) {
	s = strings.TrimSpace(s)
	if len(s) < 10 || len(s) > 10 && s[10] != ' ' && s[10] != 'T' {
		return call.Moment{}, false
	}
	m, err := call.ParseMoment(strings.ReplaceAll(s[:10], "/", "-"))
	if err != nil || m.Time().Year() < 2000 || m.Time().Year() >= 2100 {
		return call.Moment{}, false
	}
	return m, true
}

func join(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}
