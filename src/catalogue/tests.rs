use super::*;
use crate::model::Flags;

fn number(name: &str, unit: &str) -> Kind {
    Kind {
        name: name.into(),
        class: Class::Other,
        value_type: ValueType::Number,
        unit: unit.into(),
        hard: None,
        soft: None,
        absent: None,
        urgency: Urgency::Ordinary,
        categories: Vec::new(),
    }
}

fn converted(kind: &str, from: &str, number: f64) -> Result<f64, UnitError> {
    let catalogue = Catalogue::builtin();
    let kind = catalogue.find(kind).unwrap();
    catalogue.conversion(kind, from).map(|conversion| conversion.apply(number))
}

#[test]
fn file_holds_valid_kinds_and_ids_follow_it() {
    let catalogue = Catalogue::builtin();
    assert_eq!(catalogue.iter().count(), 100);
    for (id, kind) in catalogue.iter() {
        assert_eq!(catalogue.find(&kind.name), Some(id));
        assert_eq!(&catalogue.get(id).name, &kind.name);
        if let (Some(hard), Some(soft)) = (kind.hard, kind.soft) {
            assert!(hard.contains(soft.min) && hard.contains(soft.max), "{}", kind.name);
        }
        if kind.value_type == ValueType::Number {
            assert!(kind.hard.is_some() && !kind.unit.is_empty(), "{}", kind.name);
        }
        for word in &kind.categories {
            assert_eq!(
                kind.categories.iter().filter(|other| other.eq_ignore_ascii_case(word)).count(),
                1,
                "{word}"
            );
        }
    }
    assert_eq!(catalogue.find("Heart_Rate"), None);
}

#[test]
fn urgent_is_what_a_device_raised_as_an_alarm() {
    let catalogue = Catalogue::builtin();
    let urgent = |kind: &&Kind| kind.urgency == Urgency::Urgent;
    let mut names: Vec<_> =
        catalogue.iter().map(|(_, kind)| kind).filter(urgent).map(|kind| &*kind.name).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "co_alarm",
            "fall",
            "gas_alarm",
            "heat_alarm",
            "inactivity_alarm",
            "smoke_alarm",
            "sos",
            "water_leak"
        ]
    );
    let reading = |kind, value| Reading {
        channel: 0,
        kind: catalogue.find(kind).unwrap(),
        value,
        measured_at: None,
        flags: Flags::default(),
    };
    assert!(catalogue.is_urgent(&reading("sos", Value::Event)));
    assert!(catalogue.is_urgent(&reading("water_leak", Value::State(true))));
    assert!(!catalogue.is_urgent(&reading("water_leak", Value::State(false))));
    assert!(!catalogue.is_urgent(&reading("motion", Value::State(true))));
    assert!(!catalogue.is_urgent(&reading("heart_rate", Value::Number(290.0))));
}

#[test]
fn words_have_ids() {
    let catalogue = Catalogue::builtin();
    let button = catalogue.find("button_press").unwrap();
    for word in ["single", "double", "triple", "long", "hold", "release", "on", "off", "1_single"] {
        let id = catalogue.category(button, word).unwrap();
        assert_eq!(catalogue.category_name(button, id), word);
    }
    let single = catalogue.category(button, "single");
    assert_eq!(catalogue.category(button, "SINGLE"), single);
    assert_eq!(catalogue.category(button, "levitated"), None);
    assert_eq!(catalogue.category_name(button, CategoryId(9999)), "");
}

#[test]
fn configuration_adds_kinds_and_adjusts_built_in_ones() {
    let mut warmer = number("air_temperature", "Cel");
    warmer.hard = Some(Range { min: -10.0, max: f64::INFINITY });
    let mut button = number("button_press", "");
    button.value_type = ValueType::Category;
    button.categories = vec!["single".into(), "levitated".into()];
    let own = number("chair-tilt", "deg");
    let catalogue = Catalogue::extended([warmer, button, own].into_iter()).unwrap();

    let air = catalogue.find("air_temperature").unwrap();
    assert_eq!(Some(air), Catalogue::builtin().find("air_temperature"));
    assert!(!catalogue.get(air).hard.unwrap().contains(-11.0));
    assert_eq!(catalogue.conversion(air, "F").unwrap().apply(50.0).to_bits(), 10f64.to_bits());
    let button = catalogue.find("button_press").unwrap();
    assert!(catalogue.category(button, "levitated").is_some());
    assert!(catalogue.category(button, "1_single").is_some());
    assert_eq!(catalogue.find("chair-tilt"), Some(KindId(100)));
}

#[test]
fn configuration_is_refused_with_its_reason() {
    let refused = |kind: Kind| Catalogue::extended(std::iter::once(kind)).unwrap_err();
    let name = || String::from("x");
    assert_eq!(refused(number("", "m")), CatalogueError::Name { name: String::new() });
    assert_eq!(refused(number("Åsa", "m")), CatalogueError::Name { name: "Åsa".into() });
    assert_eq!(
        refused(number("air_temperature", "K")),
        CatalogueError::BuiltIn { name: "air_temperature".into() }
    );
    let mut kind = number("x", "m");
    kind.soft = Some(Range { min: 2.0, max: 1.0 });
    assert_eq!(refused(kind.clone()), CatalogueError::Range { name: name() });
    kind.soft = Some(Range { min: f64::NAN, max: 1.0 });
    assert_eq!(refused(kind), CatalogueError::Range { name: name() });
    let mut kind = number("x", "m");
    kind.value_type = ValueType::State;
    assert_eq!(refused(kind), CatalogueError::NotANumber { name: name() });
    let mut kind = number("x", "");
    kind.categories = vec!["a".into()];
    assert_eq!(refused(kind.clone()), CatalogueError::Words { name: name() });
    kind.value_type = ValueType::Category;
    kind.categories.clear();
    assert_eq!(refused(kind), CatalogueError::Words { name: name() });
}

#[test]
fn units_are_converted_exactly_where_that_is_possible() {
    for (kind, from, number, expected) in [
        ("air_temperature", "Cel", 21.5, 21.5),
        ("air_temperature", "°C", 21.5, 21.5),
        ("air_temperature", "C", 21.5, 21.5),
        ("body_temperature", "°F", 98.6, 37.0),
        ("body_temperature", "[degF]", 32.0, 0.0),
        ("air_temperature", "K", 273.15, 0.0),
        ("air_pressure", "Pa", 101_325.0, 1013.25),
        ("air_pressure", "kPa", 100.5, 1005.0),
        ("air_pressure", "mbar", 1005.1, 1005.1),
        ("battery_voltage", "mV", 2905.0, 2.905),
        ("energy", "Wh", 1921.0, 1.921),
        ("energy", "kWh", 0.3, 0.3),
        ("energy", "W.min", 60_000.0, 1.0),
        ("power", "kW", 1.5, 1500.0),
        ("body_weight", "lb", 100.0, 45.359_237),
        ("body_weight", "g", 70_500.0, 70.5),
        ("body_height", "m", 1.75, 175.0),
        ("walking_speed", "km/h", 3.6, 1.0),
        ("heart_rate", "beats/min", 61.0, 61.0),
        ("heart_rate", "bpm", 61.0, 61.0),
        ("heart_rate", "Hz", 1.5, 90.0),
        ("sleep_duration", "h", 7.5, 450.0),
        ("tvoc", "ppm", 0.5, 500.0),
        ("co", "ppb", 1500.0, 1.5),
        ("pm25", "µg/m³", 12.0, 12.0),
        ("pm25", "μg/m³", 12.0, 12.0),
        ("formaldehyde", "ug/m3", 30.0, 0.03),
        ("acceleration", "g", 0.5, 0.5),
        ("acceleration", "mg", 500.0, 0.5),
        ("body_weight", "mg", 70_000_000.0, 70.0),
        ("systolic_bp", "mmHg", 120.0, 120.0),
        ("step_count", "steps", 12.0, 12.0),
        ("step_count", "", 12.0, 12.0),
        ("relative_humidity", "%RH", 40.0, 40.0),
        ("spo2", "/", 0.97, 97.0),
        ("illuminance", "lux", 300.0, 300.0),
        ("link_quality", "lqi", 90.0, 90.0),
    ] {
        assert_eq!(converted(kind, from, number), Ok(expected), "{kind} from {from}");
    }
    for (kind, from, number, expected) in [
        ("blood_glucose", "mg/dL", 100.0, 5.5507),
        ("blood_glucose", "g/L", 1.0, 5.5507),
        ("systolic_bp", "kPa", 16.0, 120.01),
        ("acceleration", "m/s2", 9.80665, 1.0),
        ("tilt_angle", "rad", 1.0, 57.2958),
    ] {
        let number = converted(kind, from, number).unwrap();
        assert!((number - expected).abs() < 1e-3, "{kind} from {from}: {number}");
    }
}

#[test]
fn units_that_do_not_fit_are_refused() {
    assert_eq!(converted("heart_rate", "furlong", 1.0), Err(UnitError::Unknown));
    assert_eq!(converted("heart_rate", "Beats/Min", 1.0), Err(UnitError::Unknown));
    assert_eq!(converted("heart_rate", "Cel", 1.0), Err(UnitError::Mismatch));
    assert_eq!(converted("pm25", "mmol/L", 1.0), Err(UnitError::Mismatch));
    assert_eq!(converted("formaldehyde", "ppb", 1.0), Err(UnitError::Mismatch));
    assert_eq!(converted("tvoc", "ug/m3", 1.0), Err(UnitError::Mismatch));
    assert_eq!(converted("motion", "Cel", 1.0), Err(UnitError::Mismatch));
    let odd = Catalogue::extended(std::iter::once(number("x", "{score}"))).unwrap();
    let id = odd.find("x").unwrap();
    assert_eq!(odd.conversion(id, "{score}"), Ok(Conversion::IDENTITY));
    assert_eq!(odd.conversion(id, "m"), Err(UnitError::Mismatch));
    let other = Catalogue::extended(std::iter::once(number("lactate", "mmol/L"))).unwrap();
    let id = other.find("lactate").unwrap();
    assert_eq!(other.conversion(id, "mg/dL"), Err(UnitError::Mismatch));
}

#[test]
fn every_spelling_is_found_and_means_one_thing_of_a_dimension() {
    let mut seen = Vec::new();
    for row in unit::rows() {
        assert!(unit::find(&row.spelling, None).is_some(), "{}", row.spelling);
        let own = row.spelling.clone();
        let unit = row.into_unit();
        assert_eq!(unit::find(&own, Some(unit)), Some(unit), "{own}");
        assert!(unit.multiply > 0.0 && unit.divide > 0.0, "{own}");
        assert!(!seen.contains(&(own.clone(), unit.dimension)), "{own} stands twice");
        seen.push((own, unit.dimension));
    }
    assert!(seen.len() > 140, "only {} rows were found", seen.len());
    for (_, kind) in Catalogue::builtin().iter() {
        assert!(unit::find(&kind.unit, None).is_some(), "{}", kind.unit);
    }
}
