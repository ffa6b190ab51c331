package ampmap

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"testing"
)

type question struct {
	Query     string
	AmpURL    *string `json:"amp_url"`
	Operation string
	Provider  string
	Stream    bool
}

type vector struct {
	Edition  string
	Question question
	Answer   map[string]any
	Error    *struct {
		Code        string
		Suggestions []string
	}
}

// The file that VECTORS names holds the questions of all editions.
func readVectors(t *testing.T) []vector {
	text, err := os.ReadFile(os.Getenv("VECTORS"))
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Vectors []vector }
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all.Vectors
}

func TestEveryVectorOfTheEdition(t *testing.T) {
	asked := 0
	for _, each := range readVectors(t) {
		if each.Edition == EditionID {
			asked++
			check(t, each)
		}
	}
	if asked == 0 {
		t.Fatal("there is no vector of this edition")
	}
}

func check(t *testing.T, each vector) {
	asked := each.Question
	options := RouteOptions{asked.AmpURL, asked.Operation, asked.Provider, asked.Stream}
	found, err := Route(asked.Query, options)
	if err != nil {
		var refusal *RouteError
		if !errors.As(err, &refusal) || each.Error == nil || refusal.Code != each.Error.Code {
			t.Errorf("%+v: %v, expected %v or %v", asked, err, each.Error, each.Answer)
		} else if len(refusal.Suggestions)+len(each.Error.Suggestions) > 0 &&
			!reflect.DeepEqual(refusal.Suggestions, each.Error.Suggestions) {
			t.Errorf("%+v: suggests %v, expected %v", asked, refusal.Suggestions, each.Error.Suggestions)
		}
		return
	}
	text, _ := json.Marshal(found)
	fields := map[string]any{}
	if err := json.Unmarshal(text, &fields); err != nil || each.Answer == nil {
		t.Errorf("%+v: %s, expected %v", asked, text, each.Error)
	}
	for name, expected := range each.Answer {
		if !reflect.DeepEqual(fields[name], expected) {
			t.Errorf("%+v: %s is %v, expected %v", asked, name, fields[name], expected)
		}
	}
}

// A timeline says of every edition what Route says there of a name alone.
func TestTimelinesAgreeWithTheVectorsOfAllEditions(t *testing.T) {
	alone, told := 0, 0
	for _, each := range readVectors(t) {
		asked := each.Question
		if asked != (question{Query: asked.Query}) {
			continue
		}
		alone++
		for _, period := range Timeline(asked.Query) {
			if each.Edition < period.FirstEdition || period.LastEdition < each.Edition {
				continue
			}
			told++
			expected := map[string]any{"provider": "", "wire_model": "", "url": "", "via_proxy": false}
			for name := range expected {
				if each.Answer != nil {
					expected[name] = each.Answer[name]
				}
			}
			url, err := period.URL("https://ampcode.com/")
			found := map[string]any{
				"provider": period.Provider, "wire_model": period.WireModel, "url": url, "via_proxy": period.ViaProxy,
			}
			if err != nil || !reflect.DeepEqual(found, expected) {
				t.Errorf("%s: %s: %v, expected %v", each.Edition, asked.Query, found, expected)
			}
		}
	}
	if told < alone/2 {
		t.Errorf("%d of %d names have a timeline", told, alone)
	}
}

func TestFactsAreThoseOfTheEdition(t *testing.T) {
	facts := Facts()
	if facts.Edition.ID != EditionID || facts.Digest != Digest || len(facts.Sources) == 0 {
		t.Errorf("%s, %s, %d sources", facts.Edition.ID, facts.Digest, len(facts.Sources))
	}
}
