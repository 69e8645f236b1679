package listing

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Path leads to values in JSON: names and numbers apart by dots, * for each entry of a list, and . for the
// whole. It is all that sources have needed; JSONPath and jq would bring conditions that belong in keep and
// drop, and an order of an object's entries that is another on each run.
type Path []string

// ParsePath reads a path such as result.items.*.title.
func ParsePath(s string) (Path, error) {
	if s == "." {
		return Path{}, nil
	}
	p := Path(strings.Split(s, "."))
	for _, step := range p {
		if step == "" || strings.TrimSpace(step) != step || strings.ContainsAny(step, `[]$@"'`) {
			return nil, fmt.Errorf("%q is no path: want names and numbers apart by dots, such as result.items.0.title", s)
		}
	}
	return p, nil
}

// In gives the values that p leads to in v, which encoding/json has read into any. Several steps may lead to
// several values; an entry that is absent leads to none.
func (p Path) In(v any) []any {
	now := []any{v}
	for _, step := range p {
		var next []any
		for _, v := range now {
			switch v := v.(type) {
			case map[string]any:
				if inner, ok := v[step]; ok {
					next = append(next, inner)
				}
			case []any:
				if step == "*" {
					next = append(next, v...)
				} else if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(v) {
					next = append(next, v[i])
				}
			}
		}
		now = next
	}
	return now
}

// scalar gives a JSON value as text; false for null, lists and objects. Whole numbers lose the fraction that some
// portals write: 18805.0 is 18805.
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		whole, fraction, found := strings.Cut(v.String(), ".")
		if found && strings.Trim(fraction, "0") == "" {
			return whole, true
		}
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}
