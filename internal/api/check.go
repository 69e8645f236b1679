package api

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"utkik/internal/text"
)

// checkQuery refuses what would otherwise be ignored: parameters that there are not, one that is given twice where one is
// meant, and empty ones, which a program sends that has lost a value.
func (s *Server) checkQuery(c huma.Context, next func(huma.Context)) {
	u := c.URL()
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		s.write(c, problemOf(http.StatusBadRequest, "query-string", "Query string not readable", err.Error(),
			"escape what is not a letter or a digit: curl -G --data-urlencode 'q=…'"))
		return
	}
	known := map[string]*huma.Param{}
	var names []string
	for _, p := range c.Operation().Parameters {
		if p.In == "query" {
			known[p.Name] = p
			names = append(names, p.Name)
		}
	}
	slices.Sort(names)
	given := make([]string, 0, len(q))
	for name := range q {
		given = append(given, name)
	}
	slices.Sort(given)
	var faults []Fault
	var mends []string
	for _, name := range given {
		p := known[name]
		at := "query." + short(name)
		switch {
		case p == nil:
			mend := "it knows none"
			if near := text.Nearest(name, names); near != "" {
				mend = fmt.Sprintf("did you mean %q?", near)
			} else if len(names) > 0 {
				mend = "it knows " + strings.Join(names, ", ")
			}
			faults = append(faults, Fault{fmt.Sprintf("there is no parameter %q here; %s", short(name), mend), at})
			mends = append(mends, mend)
		case len(q[name]) > 1 && p.Schema.Type != huma.TypeArray:
			faults = append(faults, Fault{"given more than once", at})
			mends = append(mends, fmt.Sprintf("give %s once", name))
		case slices.Contains(q[name], "") && name != "q":
			faults = append(faults, Fault{"is empty", at})
			mends = append(mends, fmt.Sprintf("give %s a value, or leave it out", name))
		}
	}
	if len(faults) > 0 {
		var all []string
		for _, f := range faults {
			all = append(all, f.Message)
		}
		p := problemOf(http.StatusBadRequest, "unknown-parameter", "Parameter not known", strings.Join(all, "; "),
			strings.Join(mends, "; ")+"; "+see)
		p.Errors = faults
		if known[given[0]] != nil {
			p.Type, p.Title = problemType+"parameter", "Parameter not fit"
		}
		s.write(c, p)
		return
	}
	next(c)
}

// fault says that a value is none of those known, and which one is nearest.
func fault(location, what, value string, known []string) Fault {
	m := fmt.Sprintf("no %s %q", what, short(value))
	near := text.Nearest(value, known)
	switch {
	case strings.Contains(value, ","):
		m += "; give several by repeating the parameter"
	case near != "":
		m += fmt.Sprintf("; did you mean %q?", near)
	case len(known) <= 40:
		m += "; there are " + strings.Join(known, ", ")
	}
	return Fault{m, location}
}
