package chatstore;

import java.util.List;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.cors.UrlBasedCorsConfigurationSource;
import org.springframework.web.filter.CorsFilter;

/** Lets the configured pages call the store, also where it refuses: the filter stands before that of the tokens. */
@Configuration
class CrossOrigin {
  @Bean
  FilterRegistrationBean<CorsFilter> corsFilter(Settings settings) {
    var cors = new CorsConfiguration();
    cors.setAllowedOrigins(settings.origins());
    cors.setAllowedMethods(List.of("GET", "POST", "PATCH"));
    cors.setAllowedHeaders(List.of("Authorization", "RefreshToken", "extendLogin", "Content-Type"));
    cors.setExposedHeaders(List.of("Authorization", "refreshToken", "Token-Expired"));
    cors.setAllowCredentials(true);
    var source = new UrlBasedCorsConfigurationSource();
    source.registerCorsConfiguration("/**", cors);
    var filter = new FilterRegistrationBean<>(new CorsFilter(source));
    filter.setOrder(Ordered.HIGHEST_PRECEDENCE);
    return filter;
  }
}
